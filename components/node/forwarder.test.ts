import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
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

const ip = (...args: string[]) => spawnSync("ip", args, { encoding: "utf8" }).status === 0;
const tools = ["haproxy", "nft"].every((name) => !spawnSync(name, ["-v"]).error);
const namespace = `forward-${process.pid}`;
const unable =
  !(tools && ip("netns", "add", namespace) && ip("netns", "delete", namespace)) && "no namespaces, or no nft";

test("a guest that drops the first packets of a connection is waited for", { skip: unable }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "grunnmur-forwarder-"));
  const children: ChildProcess[] = [];
  t.after(() => {
    for (const child of children) child.kill();
    ip("netns", "delete", namespace);
    rmSync(folder, { recursive: true });
  });
  const reach = `127.77.${process.pid % 250}.11`;
  const guest = { name: "control-1", role: "control-plane" as const, address: "10.20.0.11", reach };
  // Port 22 is this machine's own.
  writeFileSync(
    join(folder, "haproxy.cfg"),
    forwarderConfig(namespace, [guest]).replace(`${reach}:22\n`, `${reach}:2222\n`),
  );
  assert.ok(ip("netns", "add", namespace) && ip("-n", namespace, "link", "set", "lo", "up"));
  assert.ok(ip("-n", namespace, "addr", "add", `${guest.address}/32`, "dev", "lo"));
  const server = 'require("net").createServer((s) => s.end("said")).listen(6443, () => console.log("up"))';
  const inside = ["netns", "exec", namespace];
  children.push(spawn("ip", [...inside, process.execPath, "-e", server], { stdio: ["ignore", "pipe", "inherit"] }));
  await new Promise((resolve) => children[0]?.stdout?.once("data", resolve));
  const drop =
    "add table inet t; add chain inet t c { type filter hook input priority 0; }; add rule inet t c tcp dport 6443 drop";
  assert.ok(ip(...inside, "nft", drop));
  children.push(spawn("haproxy", ["-db", "-f", join(folder, "haproxy.cfg")], { stdio: "inherit" }));
  const said = answer(t, reach);
  // The first packet is lost, and those that the kernel sends after 1, 2 and 3 s, or after 1 and 3.
  await new Promise((resolve) => setTimeout(resolve, 3500));
  assert.ok(ip(...inside, "nft", "delete table inet t"));
  assert.equal(await said, "said");
});

/** What a server says until it ends the connection; one that does not listen yet is asked again. */
async function answer(t: TestContext, host: string): Promise<string> {
  for (;;) {
    t.signal.throwIfAborted();
    const said = await new Promise<string | undefined>((resolve) => {
      let text = "";
      const socket = connect(6443, host);
      socket.on("data", (data) => (text += data));
      socket.on("error", () => resolve(undefined));
      socket.on("end", () => resolve(text));
    });
    if (said !== undefined) return said;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
