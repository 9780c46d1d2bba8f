import assert from "node:assert/strict";
import type { AddressInfo } from "node:net";
import { createServer as createPlain } from "node:net";
import { type TestContext, test } from "node:test";
import { createSecureContext, createServer } from "node:tls";
import { kubeconfig } from "../../components/cluster/kubeconfig";
import { certificateAuthority, issue } from "../../components/keys/certificates";
import { certificates } from "./certificates";

const seed = Buffer.alloc(32, 6).toString("base64");
const day = "2026-01-01T00:00:00Z";
const authority = certificateAuthority(seed, "test", day);
const leaf = (usage: "server" | "client", validDays: number) =>
  issue(seed, authority, day, { commonName: `${usage} ${validDays}`, usage, validDays });

function listening(
  t: TestContext,
  server: ReturnType<typeof createServer> | ReturnType<typeof createPlain>,
): Promise<string> {
  t.after(() => server.close());
  return new Promise((resolve) =>
    server.listen(0, "127.0.0.1", () => resolve(`127.0.0.1:${(server.address() as AddressInfo).port}`)),
  );
}

test("the next end stands first, and who shows nothing is left out", async (t) => {
  const listen = (server: Parameters<typeof listening>[1]) => listening(t, server);
  const shows = (days: number) => {
    const { certificate: cert, privateKey: key } = leaf("server", days);
    // As an API server does where it is shown no certificate, some of them close at once.
    return listen(createServer({ cert, key, requestCert: true, rejectUnauthorized: false }, (socket) => socket.end()));
  };
  const node = (name: string, reach: string) => ({ name, role: "control-plane", site: "s", address: "a", reach });
  const nodes = [
    node("control-1", await shows(100)),
    node("control-2", await listen(createPlain((socket) => socket.destroy()))),
    { ...node("worker-1", "127.0.0.1:1"), role: "worker" },
  ];
  const registry = { host: "registry.example.no", address: "10.0.0.1", reach: await shows(50) };
  const ingress = { hosts: ["r.test"], addresses: [], reach: [await shows(60), "127.0.0.1:1"] };
  const servers: [{ name: string; url: string }] = [{ name: "c", url: "https://x" }];
  const found = await certificates(
    { nodes, registry, ingress, kubeconfig: kubeconfig({ servers, caPem: authority.certificate }, leaf("client", 70)) },
    5,
  );
  assert.deepEqual(found.awaited, []);
  assert.deepEqual(found.ends, [
    { of: "the registry", ends: "2026-02-20T00:00:00.000Z" },
    { of: "the ingress", ends: "2026-03-02T00:00:00.000Z" },
    { of: "the administrator", ends: "2026-03-12T00:00:00.000Z" },
    { of: "control-1's API server", ends: "2026-04-11T00:00:00.000Z" },
    { of: "the cluster's authority", ends: "2035-12-30T00:00:00.000Z" },
  ]);
});

test("an environment that is half made has none to show", async () => {
  assert.deepEqual(await certificates({}, 1), { ends: [], awaited: [] });
});

test("each name that an ACME server certifies is asked for its own, and one that it does not certify yet is awaited", async (t) => {
  const own = certificateAuthority(seed, "own", day);
  const of = (ca: typeof own, validDays: number) => {
    const { certificate: cert, privateKey: key } = issue(seed, ca, day, {
      commonName: "s",
      usage: "server",
      validDays,
    });
    return { cert, key };
  };
  const given = createSecureContext(of(authority, 90));
  const server = createServer(
    { ...of(own, 365), SNICallback: (name, done) => done(null, name === "shop.test" ? given : undefined) },
    (socket) => socket.end(),
  );
  const reach = [await listening(t, server)];
  const ingress = { hosts: ["bank.test", "shop.test"], addresses: [], reach };
  assert.deepEqual(await certificates({ ingress: { ...ingress, acme: true, caPem: own.certificate } }, 5), {
    ends: [{ of: "shop.test", ends: "2026-04-01T00:00:00.000Z" }],
    awaited: ["bank.test"],
  });
  // Without such a server the environment's own is the one that is meant.
  assert.deepEqual(await certificates({ ingress }, 5), {
    ends: [{ of: "the ingress", ends: "2027-01-01T00:00:00.000Z" }],
    awaited: [],
  });
});
