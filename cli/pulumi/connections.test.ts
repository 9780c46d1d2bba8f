import assert from "node:assert/strict";
import { test } from "node:test";
import { fromState } from "./connections";

const secret = (value: unknown) => ({
  "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
  plaintext: JSON.stringify(value),
});
const urn = (name: string) => `urn:pulumi:ha::grunnmur::grunnmur:node:KvmNode$command:remote:Command::${name}`;
const connection = { host: "127.22.0.12", user: "root", hostKey: "ssh-ed25519 AAAA", privateKey: "key" };

test("a node that was measured is reached, whether its secrets are wrapped one by one or whole", () => {
  const resources = [
    { urn: urn("control-2-preflight"), inputs: { connection: secret(connection) } },
    { urn: urn("worker-1-preflight"), inputs: { connection: { ...connection, privateKey: secret("key") } } },
    { urn: urn("worker-1-files"), inputs: { connection: secret(connection) } },
    { urn: urn("half-preflight"), inputs: {} },
    { urn: "urn:pulumi:ha::grunnmur::pulumi:pulumi:Stack::grunnmur-ha" },
  ];
  const found = fromState(JSON.stringify({ deployment: { resources } }));
  const reached = { reach: "127.22.0.12", sshUser: "root", hostKey: "ssh-ed25519 AAAA", privateKey: "key" };
  assert.deepEqual(Object.fromEntries(found), { "control-2": reached, "worker-1": reached });
});

test("an empty state has no node", () => {
  assert.equal(fromState("{}").size, 0);
});
