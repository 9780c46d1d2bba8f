import assert from "node:assert/strict";
import { createServer as createHttps } from "node:https";
import { type AddressInfo, createServer, type Server } from "node:net";
import { test } from "node:test";
import { certificateAuthority, issue } from "../../components/keys/certificates";
import { get } from "./get";
import { look, lookAtSsh } from "./look";

const seed = Buffer.alloc(32, 7).toString("base64");
const now = new Date().toISOString();
const authority = certificateAuthority(seed, "test", now);
const own = issue(seed, authority, now, { commonName: "s", usage: "server", ipAddresses: ["127.0.0.1"], validDays: 1 });
const tls = { cert: own.certificate, key: own.privateKey };
const to =
  (port: number, ca: string | undefined = authority.certificate) =>
  (seconds: number) =>
    get({ host: "127.0.0.1", port, path: "/", ca, agent: false }, seconds);

async function listening<T>(server: Server, work: (port: number) => Promise<T>): Promise<T> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await work((server.address() as AddressInfo).port);
  } finally {
    server.close();
  }
}

/** A server that answers these in turn, and the last of them from then on. */
const saying = (...statuses: number[]) =>
  createHttps(tls, (_request, response) => {
    response.writeHead((statuses.length > 1 ? statuses.shift() : statuses[0]) ?? 200).end("said");
  });

test("a server that accepts and never answers is slow", async () => {
  const found = await listening(
    createServer(() => undefined),
    (port) => look(to(port), 0.3),
  );
  assert.deepEqual(found, { state: "slow", detail: "its port accepts connections, no answer within 0.3 s" });
});

test("a port that nobody listens on is dead, and is not waited for", async () => {
  const closed = await listening(createServer(), async (port) => port);
  const found = await look(to(closed), 20);
  assert.equal(found.state, "dead");
});

test("a server that starts is asked again: its first answer is not final", async () => {
  const found = await listening(saying(503, 429, 200), (port) => look(to(port), 10));
  assert.deepEqual(found, { state: "answered", value: { status: 200, body: "said" } });
});

test("a server that is overloaded all the time is slow, and what it answers is told", async () => {
  const found = await listening(saying(503), (port) => look(to(port), 0.5));
  assert.deepEqual(found, { state: "slow", detail: "it answers 503, still after 0.5 s" });
});

test("a server of another authority refuses us, for good", async () => {
  const found = await listening(saying(200), (port) => look(to(port, ""), 10));
  assert.equal(found.state, "refused");
});

test("an SSH server answers by its banner; one that closes is dead, one that says nothing is slow", async () => {
  const { signal } = new AbortController();
  const ask = (server: Server) => listening(server, (port) => lookAtSsh(`127.0.0.1:${port}`, 0.3, signal));
  const banner = createServer((socket) => socket.write("SSH-2.0-x\r\n"));
  assert.deepEqual(await ask(banner), { state: "answered", value: "SSH-2.0-x" });
  assert.equal((await ask(createServer((socket) => socket.destroy()))).state, "dead");
  assert.equal((await ask(createServer(() => undefined))).state, "slow");
});
