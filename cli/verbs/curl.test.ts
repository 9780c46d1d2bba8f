import assert from "node:assert/strict";
import { createServer as createHttps } from "node:https";
import { type AddressInfo, createServer } from "node:net";
import { test } from "node:test";
import { certificateAuthority, issue } from "../../components/keys/certificates";
import { answeringFirst, authorityOf, curlVerb, wayTo } from "./curl";

test("every name is found at all workers, and what signed the certificate is trusted where it is the environment's own", () => {
  const reach = ["127.20.0.12", "127.20.0.13"];
  const found = ["--resolve", "*:80:127.20.0.12,127.20.0.13", "--resolve", "*:443:127.20.0.12,127.20.0.13"];
  assert.deepEqual(wayTo(reach, "/ca.pem"), [...found, "--cacert", "/ca.pem"]);
  assert.deepEqual(wayTo(reach, undefined), found);
  assert.equal(authorityOf({ caPem: "own" }), "own");
  assert.equal(authorityOf({ caPem: "own", acme: true }), undefined);
});

test("a worker that is lost is asked last, though its forwarder takes connections", async (t) => {
  const off = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => off.listen(0, "127.20.99.1", resolve));
  const { port } = off.address() as AddressInfo;
  const day = "2026-01-01T00:00:00Z";
  const seed = Buffer.alloc(32, 5).toString("base64");
  const own = issue(seed, certificateAuthority(seed, "test", day), day, {
    commonName: "ingress",
    usage: "server",
    validDays: 3650,
    dnsNames: ["shop.example.no"],
  });
  const there = createHttps({ cert: own.certificate, key: own.privateKey }, (_, answer) => answer.writeHead(404).end());
  await new Promise<void>((resolve) => there.listen(port, "127.20.99.2", resolve));
  t.after(() => [off, there].map((server) => server.close()));
  assert.deepEqual(await answeringFirst(["127.20.99.1", "127.20.99.2"], port), ["127.20.99.2", "127.20.99.1"]);
  assert.deepEqual(await answeringFirst(["127.20.99.2"], port), ["127.20.99.2"]);
});

test("curl's own options are curl's, and no name of a stack", async () => {
  for (const [typed, stack] of [
    [["-sS", "-m", "60", "https://x"], "local"],
    [["-s", "https://x"], "local"],
    [["--stack", "prod", "-sS", "-o", "/dev/null", "https://x"], "prod"],
    [["--stack", "prod", "https://x", "--stack", "y"], "prod"],
  ] as const) {
    let passed: unknown;
    const command = curlVerb().action((args: string[], options: { stack: string }) => {
      passed = [options.stack, args];
    });
    await command.parseAsync([...typed], { from: "user" });
    assert.deepEqual(passed, [stack, typed.filter((_, at) => typed[0] !== "--stack" || at > 1)]);
  }
});
