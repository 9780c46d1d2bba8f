import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { script } from "../script";
import { egressFiles, egressRules } from "./egress";
import { network as example } from "./example-network";
import type { Egress, EgressDestination } from "./node";

// A node, a pod behind it and the world before it, each a network namespace, with the kernel's own verdicts.
const skip = (process.getuid?.() !== 0 || spawnSync("nft", ["--version"]).error) && "needs root and nft";
const name = (what: string): string => `egress-${what}-${process.pid}`;
const [node, pod, world] = [name("node"), name("pod"), name("world")];
const network = { ...example, dnsServers: ["203.0.113.53"], ntpServers: ["ntp.example.no"] };
const bank: EgressDestination = { host: "bank.example.no", addresses: ["198.51.100.0/29"], ports: ["443/tcp"] };
const git: EgressDestination = { host: "git.example.no", addresses: [], ports: ["22/tcp"] };
const declared: Egress = { mode: "enforce", destinations: [bank, git] };
const started: ChildProcess[] = [];
let root: string;

const ip = (...args: string[]): void => {
  const { status, stderr } = spawnSync("ip", args, { encoding: "utf8" });
  assert.equal(status, 0, `ip ${args.join(" ")}: ${stderr}`);
};

/** Runs a command in a namespace with a resolver that says what the test says. */
function run(where: string, ...command: string[]) {
  const env = { ROOT: root, PATH: `${join(root, "bin")}:${process.env.PATH}` };
  return spawnSync("ip", ["netns", "exec", where, ...command], {
    env,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
}

before(async () => {
  if (skip) return;
  for (const each of [node, pod, world]) {
    ip("netns", "add", each);
    ip("-n", each, "link", "set", "lo", "up");
  }
  const link = (a: string, b: string, as: string, [address, far]: [string, string]): void => {
    ip("-n", a, "link", "add", as, "type", "veth", "peer", "name", "eth0", "netns", b);
    ip("-n", a, "addr", "add", `${address}/24`, "dev", as);
    ip("-n", b, "addr", "add", `${far}/24`, "dev", "eth0");
    ip("-n", a, "link", "set", as, "up");
    ip("-n", b, "link", "set", "eth0", "up");
  };
  link(node, pod, "cni0", ["10.244.12.1", "10.244.12.5"]);
  link(node, world, "uplink", ["10.20.0.12", "10.20.0.1"]);
  ip("-n", pod, "route", "add", "default", "via", "10.244.12.1");
  ip("-n", node, "route", "add", "default", "via", "10.20.0.1");
  ip("-n", world, "route", "add", "10.244.0.0/16", "via", "10.20.0.12");
  for (const one of ["198.51.100.7", "198.51.100.8", "192.0.2.22", "192.0.2.23", "203.0.113.53"]) {
    ip("-n", world, "addr", "add", `${one}/32`, "dev", "lo");
  }
  ip("netns", "exec", node, "bash", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward");
  await Promise.all([serve(world, 443, 80, 22, 53), serve(pod, 8080)]);
});

/** Whoever connects is answered, line by line. */
function serve(where: string, ...ports: number[]): Promise<void> {
  const servers = `for (const port of [${ports}]) require("net").createServer((s) => s.on("error", () => {}).pipe(s)).listen(port);`;
  const child = spawn("ip", ["netns", "exec", where, process.execPath, "-e", `${servers} console.log("up")`]);
  started.push(child);
  return new Promise((resolve) => child.stdout.once("data", () => resolve()));
}

after(() => {
  for (const child of started) child.kill();
  if (!skip) for (const each of [node, pod, world]) spawnSync("ip", ["netns", "delete", each]);
});

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "grunnmur-egress-"));
  mkdirSync(join(root, "bin"));
  mkdirSync(join(root, "run"));
  resolves({});
});

afterEach(() => rmSync(root, { recursive: true }));

/** What the resolver says from now on; of others it says nothing. */
function resolves(hosts: Record<string, string[]>): void {
  const lines = Object.entries(hosts).map(([host, all]) => {
    const said = all.flatMap((one) => [`${one} STREAM ${host}`, `${one} DGRAM `]);
    return `  ${host}) printf '%s\\n' ${said.map((line) => `'${line}'`).join(" ")} ;;`;
  });
  const text = `#!/bin/sh\ncase "$2" in\n${lines.join("\n")}\n  *) exit 2 ;;\nesac\n`;
  writeFileSync(join(root, "bin/getent"), text, { mode: 0o755 });
}

function egress(verb: "load" | "refresh"): string {
  const { status, stdout, stderr } = run(node, "bash", "-c", script("node/scripts/egress.sh"), "egress.sh", verb);
  assert.equal(status, 0, stderr);
  return stdout;
}

/** As `up` brings it about. */
function bring(wanted: Egress): void {
  for (const { path, content } of egressFiles(network, wanted)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  egress("load");
  egress("refresh");
}

/** Those of these, each an address and a port, to which a connection is made. */
function reached(from: string, ...targets: string[]): string[] {
  const tries = targets.map((to) => `timeout 5 bash -c 'exec 3<>/dev/tcp/${to.replace(":", "/")}' && echo ${to} &`);
  const made = new Set(run(from, "bash", "-c", `${tries.join("\n")}\nwait`).stdout.split("\n"));
  return targets.filter((to) => made.has(to));
}

const refused = (counter: "pods" | "node"): number =>
  Number(/packets (\d+)/.exec(run(node, "nft", "list", "counter", "inet", "grunnmur-egress", counter).stdout)?.[1]);

test("a pod and its node reach what is declared, at its ports, and nothing else", { skip }, () => {
  resolves({ "git.example.no": ["192.0.2.22"] });
  bring(declared);
  // The nodes' own network is inside.
  const open = ["198.51.100.7:443", "192.0.2.22:22", "203.0.113.53:53", "10.20.0.1:80"];
  const shut = ["198.51.100.7:80", "198.51.100.8:443", "192.0.2.22:443", "192.0.2.23:22", "203.0.113.53:443"];
  const aServiceThatIsNone = "10.96.0.1:443";
  for (const from of [pod, node]) assert.deepEqual(reached(from, ...open, ...shut, aServiceThatIsNone), open);
  assert.ok(refused("pods") >= 5);
  assert.ok(refused("node") >= 5);
});

test("who is refused is told at once", { skip }, () => {
  bring(declared);
  const { status, stderr } = run(pod, "timeout", "3", "bash", "-c", "exec 3<>/dev/tcp/198.51.100.8/443");
  assert.equal(status, 1, "a timeout says 124");
  assert.match(stderr, /No route to host/);
});

test("who asks from outside is answered", { skip }, () => {
  bring(declared);
  assert.deepEqual(reached(world, "10.244.12.5:8080"), ["10.244.12.5:8080"]);
});

test("what is not declared any more ends, also what is connected already", { skip }, () => {
  bring(declared);
  const talk =
    "exec 3<>/dev/tcp/198.51.100.7/443; for i in 1 2; do echo $i >&3; read -t 3 -r line <&3 && echo $line; read -r; done";
  const child = spawn("ip", ["netns", "exec", pod, "bash", "-c", talk]);
  started.push(child);
  return new Promise<void>((resolve) => {
    let said = "";
    child.stdout.on("data", (data) => {
      said += data;
      if (said === "1\n") bring({ ...declared, destinations: [git] });
      child.stdin.end("\n");
    });
    child.stdin.on("error", () => undefined);
    child.on("close", () => {
      resolve(assert.equal(said, "1\n"));
    });
  });
});

test("where it is only observed, all passes and is counted", { skip }, () => {
  bring({ ...declared, mode: "observe" });
  assert.deepEqual(reached(pod, "198.51.100.8:443"), ["198.51.100.8:443"]);
  assert.deepEqual(reached(node, "198.51.100.8:80"), ["198.51.100.8:80"]);
  assert.ok(refused("pods") > 0);
  assert.ok(refused("node") > 0);
});

test("a name keeps its addresses where the resolver is silent, and loses them hours after it names others", {
  skip,
}, () => {
  const both = ["192.0.2.22:22", "192.0.2.23:22"];
  const kept = () => readFileSync(join(root, "var/lib/grunnmur/egress-addresses"), "utf8");
  resolves({ "git.example.no": ["192.0.2.22", "192.0.2.22"], "other.example.no": ["192.0.2.23"] });
  bring(declared);
  assert.match(kept(), /^git\.example\.no 192\.0\.2\.22 \d+\n$/);
  resolves({});
  assert.equal(egress("refresh"), "");
  egress("load");
  // As a node does that starts without a network.
  assert.deepEqual(reached(pod, "192.0.2.22:22"), ["192.0.2.22:22"]);

  resolves({ "git.example.no": ["192.0.2.23"] });
  assert.equal(egress("refresh"), "git.example.no answers in 192.0.2.23\n");
  assert.deepEqual(reached(pod, ...both), both);
  writeFileSync(join(root, "var/lib/grunnmur/egress-addresses"), kept().replace(/(2\.22) \d+/, "$1 1000"));
  egress("refresh");
  assert.deepEqual(reached(pod, ...both), ["192.0.2.23:22"]);
});

test("no answer of a resolver becomes a rule", { skip }, () => {
  resolves({ "git.example.no": ["192.0.2.22", "0.0.0.0/0", "}; flush ruleset; #"] });
  bring(declared);
  assert.deepEqual(reached(pod, "192.0.2.22:22"), ["192.0.2.22:22"]);
  assert.deepEqual(reached(pod, "198.51.100.8:443"), []);
});

test("rules that somebody changed or took away are in force again", { skip }, () => {
  bring(declared);
  for (const change of ["insert rule inet grunnmur-egress pods accept", "delete table inet grunnmur-egress"]) {
    assert.equal(run(node, "nft", change).status, 0);
    assert.deepEqual(reached(pod, "198.51.100.8:443"), ["198.51.100.8:443"]);
    assert.match(egress("refresh"), /not as they were loaded: they are loaded again/);
    assert.deepEqual(reached(pod, "198.51.100.8:443"), []);
  }
  assert.equal(egress("refresh"), "", "what counts and comes and goes is no change");
});

test("a range may lie in another, and a port stand twice", { skip }, () => {
  const ranges = ["198.51.100.0/24", "198.51.100.0/28"];
  const twice = { host: "a.example.no", addresses: ranges, ports: ["443/tcp", "443/tcp", "53/udp"] };
  bring({ mode: "enforce", destinations: [bank, twice] });
  assert.deepEqual(reached(pod, "198.51.100.8:443"), ["198.51.100.8:443"]);
});

test("a host that declares addresses is not looked up", () => {
  const rules = egressRules(network, declared);
  assert.doesNotMatch(rules, /to_bank/);
  const names = egressFiles(network, declared).find(({ path }) => path.endsWith("egress.names"))?.content;
  assert.equal(names, "git.example.no\nntp.example.no\n");
});

test("a service that is nobody's yet is asked again, and is no attempt to leave", { skip }, () => {
  bring(declared);
  const { status } = run(pod, "timeout", "2", "bash", "-c", "exec 3<>/dev/tcp/10.96.0.1/443");
  assert.equal(status, 124, "it is told that there is no way");
  assert.equal(refused("pods"), 0);
});
