import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { script } from "../script";

const stack = `test-${process.pid}`;
const namespace = `grunnmur-${stack}`;
const file = `/run/netns/${namespace}`;
const ip = (...args: string[]) => spawnSync("ip", args, { encoding: "utf8" }).status === 0;
const skip = !(ip("netns", "add", namespace) && ip("netns", "delete", namespace)) && "no network namespaces here";

let home: string;
let environment: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "grunnmur-hypervisor-"));
  environment = join(home, "environments", stack);
  mkdirSync(environment, { recursive: true });
});

afterEach(() => {
  if (existsSync(file)) ip("netns", "delete", namespace);
  rmSync(home, { recursive: true, force: true });
});

function run(name: string) {
  const path = `${join(home, "bin")}:${process.env.PATH}`;
  const env = { ...process.env, PATH: path, STACK: stack, ENV_DIR: environment, GATEWAY: "10.20.0.1/24" };
  return spawnSync("bash", ["-c", script(`node/scripts/${name}`)], { env, input: "", encoding: "utf8" });
}

/** A daemon that only leaves its process ID and stays, and programs that are content with everything. */
function fakePrograms(): void {
  mkdirSync(join(home, "bin"));
  const program = (name: string, text: string) =>
    writeFileSync(join(home, "bin", name), `#!/bin/bash\n${text}\n`, { mode: 0o755 });
  program(
    "libvirtd",
    'if [ "$1" = --daemon ]; then setsid "$0" stay & echo $! >"$3"; else exec -a libvirtd sleep 60; fi',
  );
  program("virsh", "exit 0");
  program("haproxy", "exit 0");
}

const pids = () => spawnSync("ip", ["netns", "pids", namespace], { encoding: "utf8" }).stdout.trim();

/** Something that runs in the namespace, until the work is done. */
async function whileOccupied(work: () => void): Promise<void> {
  const process = spawn("ip", ["netns", "exec", namespace, "sleep", "60"], { stdio: "ignore" });
  try {
    const deadline = Date.now() + 10_000;
    while (spawnSync("ip", ["netns", "pids", namespace], { encoding: "utf8" }).stdout === "") {
      assert.ok(Date.now() < deadline, "nothing came to run in the namespace");
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    work();
  } finally {
    process.kill();
  }
}

test("what an interrupted run began is gone on with, and what stands is left alone", { skip }, () => {
  fakePrograms();
  assert.ok(ip("netns", "add", namespace)); // its inode was never noted
  const first = run("local-hypervisor-up.sh");
  assert.equal(first.status, 0, first.stderr);
  const daemon = pids();
  assert.match(daemon, /^\d+$/);

  assert.ok(ip("-n", namespace, "link", "delete", "br0"));
  const second = run("local-hypervisor-up.sh");
  assert.equal(second.status, 0, second.stderr);
  const { stdout } = spawnSync("ip", ["-n", namespace, "address", "show", "br0"], { encoding: "utf8" });
  assert.match(stdout, /inet 10\.20\.0\.1\/24/);
  assert.equal(pids(), daemon);
  assert.equal(run("local-hypervisor-up.sh").stdout, "loopback forwarder running\n");

  assert.equal(run("local-hypervisor-down.sh").status, 0);
  assert.ok(!existsSync(file) && !existsSync(environment));
});

test("a namespace that an interrupted run left without a note is removed", { skip }, () => {
  assert.ok(ip("netns", "add", namespace));
  const { status, stderr } = run("local-hypervisor-down.sh");
  assert.equal(status, 0, stderr);
  assert.ok(!existsSync(file) && !existsSync(environment));
});

test("a namespace in which another environment runs is left alone", { skip }, async () => {
  assert.ok(ip("netns", "add", namespace));
  await whileOccupied(() => {
    assert.match(run("local-hypervisor-up.sh").stderr, /is not this environment's: destroy the other one first/);
    assert.equal(run("local-hypervisor-down.sh").status, 0);
    assert.ok(existsSync(file));
  });
});

test("a namespace of ours goes with all that runs in it", { skip }, async () => {
  assert.ok(ip("netns", "add", namespace));
  writeFileSync(join(environment, "namespace"), `${statSync(file).ino}\n`);
  await whileOccupied(() => {
    assert.equal(run("local-hypervisor-down.sh").status, 0);
    assert.ok(!existsSync(file));
  });
});

test("a forwarder that another took the place of, and that somebody is still connected through, is ended too", async () => {
  const forwarders = ["forward.cfg", "forward.cfg", "forward.cfg.not"].map((config) =>
    spawn("bash", ["-c", "while sleep 1; do :; done", join(environment, config)], { stdio: "ignore" }),
  );
  const ended = forwarders.map((each) => new Promise((resolve) => each.on("exit", (_, signal) => resolve(signal))));
  try {
    const { status, stderr } = run("local-hypervisor-down.sh");
    assert.equal(status, 0, stderr);
    assert.deepEqual(await Promise.all(ended.slice(0, 2)), ["SIGTERM", "SIGTERM"]);
    assert.equal(forwarders[2]?.exitCode ?? forwarders[2]?.signalCode, null, "another's is left alone");
  } finally {
    for (const each of forwarders) each.kill();
  }
});
