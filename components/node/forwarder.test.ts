import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { forwarderConfig } from "./forwarder";

const guests = [
  { name: "registry-1", role: "registry" as const, address: "10.20.0.10", reach: "127.20.0.10" },
  { name: "control-1", role: "control-plane" as const, address: "10.20.0.11", reach: "127.20.0.11" },
  { name: "worker-1", role: "worker" as const, address: "10.20.0.12", reach: "127.20.0.12" },
];

test("each guest is reached on its loopback twin, on the ports of its role", () => {
  const config = forwarderConfig("grunnmur-local", guests);
  assert.deepEqual(config.match(/bind \S+/g), [
    "bind 127.20.0.10:22",
    "bind 127.20.0.10:443",
    "bind 127.20.0.11:22",
    "bind 127.20.0.11:6443",
    "bind 127.20.0.12:22",
    "bind 127.20.0.12:443",
  ]);
  assert.match(config, /server guest 10\.20\.0\.11:6443 namespace grunnmur-local/);
});

test("it listens on loopback only", () => {
  for (const [, address] of forwarderConfig("x", guests).matchAll(/bind (\S+):/g))
    assert.match(address ?? "", /^127\./);
});

test("HAProxy takes it", { skip: spawnSync("haproxy", ["-v"]).error && "no haproxy here" }, () => {
  // Without the namespace, which only a running environment has.
  const config = forwarderConfig("x", guests).replaceAll(" namespace x", "");
  const folder = mkdtempSync(join(tmpdir(), "grunnmur-forwarder-"));
  try {
    writeFileSync(join(folder, "haproxy.cfg"), config);
    const { status, stderr } = spawnSync("haproxy", ["-c", "-f", join(folder, "haproxy.cfg")]);
    assert.equal(status, 0, stderr.toString());
  } finally {
    rmSync(folder, { recursive: true });
  }
});
