import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { connect, createServer as createPlain } from "node:net";
import { type TestContext, test } from "node:test";
import { parse } from "yaml";
import { kubeconfig } from "../components/cluster/kubeconfig";
import { certificateAuthority, issue } from "../components/keys/certificates";
import { atWhomAnswers, firstAnswering, whenItAnswers } from "./answering";

const seed = Buffer.alloc(32, 5).toString("base64");
const day = "2026-01-01T00:00:00Z";
const authority = certificateAuthority(seed, "test", day);
const own = issue(seed, authority, day, {
  commonName: "api",
  usage: "server",
  validDays: 3650,
  ipAddresses: ["127.0.0.1"],
});

function listening(t: TestContext, server: Server | ReturnType<typeof createPlain>): Promise<string> {
  t.after(() => server.close());
  return new Promise((resolve) =>
    server.listen(0, "127.0.0.1", () => resolve(`https://127.0.0.1:${(server.address() as AddressInfo).port}`)),
  );
}
const api = (t: TestContext, status: number) =>
  listening(
    t,
    createServer({ cert: own.certificate, key: own.privateKey }, (_, response) => response.writeHead(status).end()),
  );
/** As the forwarder does for a guest that is off. */
const closing = (t: TestContext) =>
  listening(
    t,
    createPlain((socket) => socket.destroy()),
  );
const silent = (t: TestContext) => {
  const held = new Set<{ destroy(): void }>();
  t.after(() => {
    for (const socket of held) socket.destroy();
  });
  return listening(
    t,
    createPlain((socket) => held.add(socket)),
  );
};
const of = (...urls: string[]) => urls.map((url) => ({ url })) as [{ url: string }, ...{ url: string }[]];

test("the first that answers is asked, whoever answers sooner", async (t) => {
  const [one, other] = [await api(t, 200), await api(t, 401)];
  assert.equal((await firstAnswering(of(one, other), 2)).url, one);
  assert.equal((await firstAnswering(of(other, one), 2)).url, other, "one that asks who is there answers");
});

test("one that is off, silent, or not ready is passed over", async (t) => {
  const works = await api(t, 200);
  for (const broken of [await closing(t), await silent(t), await api(t, 500), "https://127.0.0.1:1"])
    assert.equal((await firstAnswering(of(broken, works), 1)).url, works, broken);
});

test("one whose machine is off, so that not even a connection comes about, is given up in time", async (t) => {
  // What a stopped process cannot take any more, the kernel lets go unanswered.
  const program = `require("net").createServer().listen({port:0,host:"127.0.0.1",backlog:1},function(){console.log(this.address().port)})`;
  const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  const port = Number((await once(child.stdout, "data")).toString());
  child.kill("SIGSTOP");
  const filling = [...Array(4).keys()].map(() => connect(port, "127.0.0.1").on("error", () => undefined));
  t.after(() => {
    for (const socket of filling) socket.destroy();
  });
  await new Promise((resolve) => setTimeout(resolve, 200));

  const [off, works] = [`https://127.0.0.1:${port}`, await api(t, 200)];
  const began = performance.now();
  assert.equal((await firstAnswering(of(off, works), 1)).url, works);
  assert.ok(performance.now() - began < 60_000, "the kernel gives a connection up after two minutes");
});

test("where none answers it is the first, and a single one is not asked", async (t) => {
  assert.equal((await firstAnswering(of("https://127.0.0.1:1", "https://127.0.0.1:2"), 1)).url, "https://127.0.0.1:1");
  const began = performance.now();
  await firstAnswering(of(await silent(t)), 5);
  assert.ok(performance.now() - began < 1000);
});

test("where none answers, one that is there and late or not ready comes before one that is gone", async (t) => {
  const late = await listening(
    t,
    createServer({ cert: own.certificate, key: own.privateKey }, () => undefined),
  );
  for (const there of [late, await api(t, 500)])
    assert.equal((await firstAnswering(of(await closing(t), there), 1)).url, there);
});

test("what stands in front of all is asked last, though a person's kubeconfig names it first", async (t) => {
  const [works, front] = [await api(t, 200), await api(t, 200)];
  const given = (server: string) =>
    kubeconfig(
      {
        servers: [
          { name: "front", url: front, certifiedAs: "kubernetes" },
          { name: "own", url: server },
        ],
        caPem: "ca",
      },
      own,
    );
  const current = async (text: string) => parse(await atWhomAnswers(text))["current-context"];
  assert.equal(parse(given(works))["current-context"], "front");
  assert.equal(await current(given(works)), "own");
  assert.equal(await current(given(await closing(t))), "front");
});

test("a kubeconfig leads to whom answers, with the same credentials", async (t) => {
  const [works, off] = [await api(t, 200), await closing(t)];
  const given = (...urls: string[]) => {
    const [first = { name: "", url: "" }, ...others] = urls.map((url, index) => ({ name: `c${index}`, url }));
    return kubeconfig({ servers: [first, ...others], caPem: "ca" }, own);
  };
  assert.equal(await atWhomAnswers(given(works, off)), given(works, off));
  assert.equal(await atWhomAnswers(given(off)), given(off));
  const moved = await atWhomAnswers(given(off, works));
  assert.deepEqual(parse(moved), { ...parse(given(off, works)), "current-context": "c1" });
});

test("kubectl is not started at an API server that is there and silent, until it speaks or the patience ends", async (t) => {
  const works = new URL(await api(t, 200));
  let spoke = false;
  const late = await listening(
    t,
    createPlain((socket) => {
      socket.on("error", () => undefined);
      setTimeout(() => {
        spoke = true;
        const onward = connect(Number(works.port), works.hostname);
        onward.on("error", () => socket.destroy());
        socket.pipe(onward).pipe(socket);
      }, 700);
    }),
  );
  const given = (url: string) => kubeconfig({ servers: [{ name: "own", url }], caPem: "ca" }, own);
  assert.equal(await whenItAnswers(given(late), 0.2, 60), given(late));
  assert.ok(spoke, "kubectl would have been started before the API server spoke");

  // Neither may hold the test: one that never speaks, and one that is not there and would have been waited for as long.
  await whenItAnswers(given(await silent(t)), 0.2, 0.2);
  await whenItAnswers(given(await closing(t)), 600, 600);
});
