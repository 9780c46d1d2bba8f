import assert from "node:assert/strict";
import { createServer, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { KubeConfig } from "@kubernetes/client-node";
import { certificateAuthority, issue } from "../../components/keys/certificates";
import { Api } from "./api";

/** An API server that answers as it is told, and the provider's side of it. */
async function served(
  t: TestContext,
  answer: (response: ServerResponse, index: number, path: string) => Promise<void>,
) {
  let asked = 0;
  const server = createServer((request, response) => void answer(response, asked++, request.url ?? ""));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const config = new KubeConfig();
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  config.loadFromClusterAndUser({ name: "a", server: url, skipTLSVerify: true }, { name: "a" });
  const api = new Api(config);
  return () => api.call({ method: "GET", path: "/x", signal: new AbortController().signal, progress: () => undefined });
}

const say = (response: ServerResponse, status: number, body: object): void => {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
};

test("a server that let a request go is left alone as long as it took, then twice as long", async (t) => {
  const events: [what: string, at: number][] = [];
  const call = await served(t, async (response, index) => {
    events.push(["asked", performance.now()]);
    await sleep(300);
    events.push(["answered", performance.now()]);
    const timeout = { reason: "Timeout", message: "Timeout: request did not complete within requested timeout" };
    if (index < 2) say(response, 504, timeout);
    else say(response, 200, { kind: "Thing" });
  });
  assert.deepEqual(await call(), { kind: "Thing" });
  const at = events.map(([, time]) => time);
  const pauses = [1, 3].map((index) => (at[index + 1] ?? 0) - (at[index] ?? 0));
  assert.ok((pauses[0] ?? 0) >= 290 && (pauses[1] ?? 0) >= 590, pauses.join());
});

test("a server that says at once that it is not ready is soon asked again", async (t) => {
  const began = performance.now();
  const call = await served(t, async (response, index) =>
    index < 2 ? say(response, 503, { reason: "ServiceUnavailable" }) : say(response, 200, { kind: "Thing" }),
  );
  await call();
  assert.ok(performance.now() - began < 5000);
});

for (const starting of [true, false])
  test(`a refusal by a server that is ${starting ? "not ready is of everybody, and asked again" : "ready is one"}`, async (t) => {
    let refused = 0;
    const call = await served(t, async (response, _index, path) => {
      if (path === "/readyz") return say(response, starting ? 403 : 200, {});
      if (refused++ < 2) return say(response, 403, { reason: "Forbidden", message: "things is forbidden" });
      return say(response, 200, { kind: "Thing" });
    });
    if (starting) assert.deepEqual(await call(), { kind: "Thing" });
    else await assert.rejects(call(), /things is forbidden/);
    assert.equal(refused, starting ? 3 : 1);
  });

test("connections are kept for the requests that come after, and one that the server ended is made anew", async (t) => {
  const [seed, day] = [Buffer.alloc(32, 8).toString("base64"), "2026-01-01T00:00:00Z"];
  const { certificate: cert, privateKey: key } = issue(seed, certificateAuthority(seed, "test", day), day, {
    ...{ commonName: "api", usage: "server", validDays: 3650 },
  });
  const server = createTlsServer({ cert, key }, (_, response) => say(response, 200, { kind: "Thing" }));
  let connections = 0;
  server.on("secureConnection", () => connections++);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const config = new KubeConfig();
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  config.loadFromClusterAndUser({ name: "a", server: url, skipTLSVerify: true }, { name: "a" });
  const api = new Api(config);
  const call = () =>
    api.call({ method: "GET", path: "/x", signal: new AbortController().signal, progress: () => undefined });
  await Promise.all(Array.from({ length: 9 }, call));
  for (let index = 0; index < 5; index++) await call();
  assert.ok(connections <= 4, String(connections));
  server.closeAllConnections();
  await call();
});

test("four requests are under way at most, and all are answered", async (t) => {
  let [now, most] = [0, 0];
  const call = await served(t, async (response, index) => {
    most = Math.max(most, ++now);
    await sleep(50);
    now--;
    say(response, 200, { index });
  });
  const answers = await Promise.all(Array.from({ length: 14 }, call));
  assert.equal(answers.length, 14);
  assert.equal(most, 4);
});
