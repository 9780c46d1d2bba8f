import assert from "node:assert/strict";
import { createSecureServer, type Http2SecureServer } from "node:http2";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { test } from "node:test";
import { certificateAuthority, issue } from "../../components/keys/certificates";
import { Connection } from "./connection";
import { look } from "./look";

const seed = Buffer.alloc(32, 7).toString("base64");
const now = new Date().toISOString();
const authority = certificateAuthority(seed, "test", now);
const own = issue(seed, authority, now, { commonName: "s", usage: "server", ipAddresses: ["127.0.0.1"], validDays: 1 });

async function asked<T>(
  server: Http2SecureServer | Server,
  work: (connection: Connection, url: string) => Promise<T>,
): Promise<T> {
  const sockets: Socket[] = [];
  server.on("connection", (socket: Socket) => sockets.push(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const { port } = server.address() as AddressInfo;
    const url = `https://127.0.0.1:${port}`;
    return await work(new Connection(url, { ca: authority.certificate }), url);
  } finally {
    server.close();
    for (const socket of sockets) socket.destroy();
  }
}

const http2 = () => createSecureServer({ cert: own.certificate, key: own.privateKey });

test("one late answer holds up no other, and is given up on", async () => {
  const server = http2().on("stream", (stream, headers) => {
    if (headers[":path"] === "/late") return;
    stream.respond({ ":status": 404 });
    stream.end("Norwegian: \u00e6");
  });
  await asked(server, async (connection) => {
    const [late, other] = await Promise.allSettled([connection.get("/late", 0.5), connection.get("/other", 5)]);
    assert.deepEqual(other, { status: "fulfilled", value: { status: 404, body: "Norwegian: \u00e6" } });
    assert.match(String(late.status === "rejected" && late.reason), /no answer within 0\.5 s/);
  });
});

test("a connection that ends in the middle of an answer gives none, and the next question has another", async () => {
  let connections = 0;
  const server = http2();
  server.on("session", () => (connections += 1));
  server.on("stream", (stream) => {
    stream.respond({ ":status": 200 });
    if (connections > 1) stream.end("whole");
    else stream.write("ha", () => stream.session?.socket.destroySoon());
  });
  await asked(server, async (connection) => {
    await assert.rejects(connection.get("/", 5), { code: "ECONNRESET" });
    assert.deepEqual(await connection.get("/", 5), { status: 200, body: "whole" });
  });
});

test("a server that will not begin to answer is asked by another connection", async () => {
  let connections = 0;
  const server = http2();
  server.on("session", (session) => {
    connections += 1;
    if (connections === 1) session.goaway();
  });
  server.on("stream", (stream) => {
    stream.on("error", () => undefined);
    stream.respond({ ":status": 200 });
    stream.end("said");
  });
  const found = await asked(server, (connection) => look((seconds) => connection.get("/", seconds), 10));
  assert.deepEqual(found, { state: "answered", value: { status: 200, body: "said" } });
});

test("a server that accepts and then says nothing is late and there; a port that nobody listens on is gone", async () => {
  const silent = createServer(() => undefined);
  const late = await asked(silent, (connection) => look((seconds) => connection.get("/", seconds), 0.5));
  assert.deepEqual(late, { state: "slow", detail: "its port accepts connections, no answer within 0.5 s" });
  const gone = new Connection("https://127.0.0.1:1", { ca: authority.certificate });
  assert.equal((await look((seconds) => gone.get("/", seconds), 20)).state, "dead");
});

test("a server of another authority is not asked", async () => {
  await asked(http2(), async (_connection, url) => {
    const other = new Connection(url, { ca: "" });
    const found = await look((seconds) => other.get("/", seconds), 10);
    assert.equal(found.state, "refused");
  });
});
