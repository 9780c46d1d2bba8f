import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { describe, StackError } from "./errors";
import { fromPulumi, fromStackFile, parseStack } from "./load";
import { ownerAndName } from "./sync";

const ROOT = join(__dirname, "..");
const FIXTURES = join(__dirname, "fixtures");
const EXPECT = /^# expect: (.*)$/gm;

function problemsOf(raw: unknown): string[] {
  try {
    parseStack(raw, "test");
    return [];
  } catch (error) {
    if (error instanceof StackError) return error.problems.map(describe);
    throw error;
  }
}

function valid(): Record<string, unknown> {
  return fromStackFile(readFileSync(join(FIXTURES, "valid.yaml"), "utf8"));
}

for (const file of readdirSync(FIXTURES)) {
  test(`${file.replace(".yaml", "")} gives just its own messages`, () => {
    const content = readFileSync(join(FIXTURES, file), "utf8");
    const expected = [...content.matchAll(EXPECT)].map((match) => match[1]);
    assert.equal(expected.length > 0, file !== "valid.yaml", "each fixture but the valid one names its messages");
    assert.deepEqual(problemsOf(fromStackFile(content)), expected);
  });
}

test("no fixture's secret shows in a message", () => {
  for (const file of readdirSync(FIXTURES)) {
    const messages = problemsOf(fromStackFile(readFileSync(join(FIXTURES, file), "utf8"))).join("\n");
    assert.doesNotMatch(messages, /hunter2|b3BlbnNzaC1/);
  }
});

test("the error lists every mistake under the stack's name", () => {
  assert.throws(() => parseStack({ ...valid(), environment: "prod", registry: {} }, "demo"), {
    name: "StackError",
    message:
      /^stack "demo": 2 mistakes in its configuration, Pulumi\.demo\.yaml\n {2}environment: received "prod".*\n {2}registry\.host: is missing/,
  });
});

test("a configuration that is no section at all is one mistake", () => {
  for (const raw of [null, undefined, [], "text", 7]) assert.equal(problemsOf(raw).length, 1);
});

test("the shipped local stack is one registry, one control plane and one worker on this machine", () => {
  const stack = parseStack(fromStackFile(readFileSync(join(ROOT, "Pulumi.local.yaml"), "utf8")), "local");
  assert.deepEqual(
    stack.nodes.map(({ name, role, address, reach, site }) => [name, role, address, reach, site.name]),
    [
      ["registry-1", "registry", "10.20.0.10", "127.20.0.10", "local-no"],
      ["control-1", "control-plane", "10.20.0.11", "127.20.0.11", "local-no"],
      ["worker-1", "worker", "10.20.0.12", "127.20.0.12", "local-no"],
    ],
  );
  assert.equal(stack.cluster.emulationAllowed, true);
  assert.equal(stack.sync.demo, true);
});

test("the shipped prod stack spreads its nodes over three hypervisors in one Norwegian site", () => {
  const stack = parseStack(fromStackFile(readFileSync(join(ROOT, "Pulumi.prod.yaml"), "utf8")), "prod");
  for (const role of ["control-plane", "worker"] as const) {
    const nodes = stack.nodes.filter((node) => node.role === role);
    const hosts = nodes.map((node) => node.kind === "libvirt" && node.hypervisor.name);
    assert.deepEqual(hosts, ["kvm-1", "kvm-2", "kvm-3"]);
  }
  assert.deepEqual([...new Set(stack.nodes.map(({ site }) => `${site.name} ${site.standing}`))], ["osl-1 NO"]);
  assert.equal(stack.nodes.filter(({ role }) => role === "registry").length, 1);
  assert.equal(stack.sync.gitHost.kind, "gitlab");
  assert.equal(stack.cluster.emulationAllowed, false);
  assert.equal(stack.nodes[0]?.reach, "10.30.0.10");
});

test("defaults: cluster name and path from the stack, emulation only in development, an interval of a minute", () => {
  const { cluster: _, ...raw } = valid();
  const gitOnly = { ...(raw.sync as object), demo: false, intervalSeconds: undefined };
  const stack = parseStack({ ...raw, environment: "production", sync: gitOnly }, "osl");
  assert.deepEqual(stack.cluster, { name: "osl", emulationAllowed: false, driftGuard: "deny" });
  assert.equal(stack.sync.path, "./clusters/osl");
  assert.equal(stack.sync.intervalSeconds, 60);
  assert.deepEqual([stack.network.podCidr, stack.network.serviceCidr], ["10.244.0.0/16", "10.96.0.0/16"]);
});

test("an API server is found at a virtual address or behind another's name, which say nothing of the cluster itself", () => {
  for (const cluster of [{ virtualAddress: "10.30.0.5" }, { endpoint: "api.example.no:443" }]) {
    const raw = fromStackFile(readFileSync(join(ROOT, "Pulumi.prod.yaml"), "utf8"));
    assert.deepEqual(parseStack({ ...raw, cluster }, "prod").cluster, {
      ...cluster,
      name: "prod",
      emulationAllowed: false,
      driftGuard: "deny",
    });
  }
});

test("an existing machine keeps its own site and answers where it says", () => {
  const raw = valid();
  const key = `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${"A".repeat(43)}`;
  const nodes = (raw.nodes as Record<string, unknown>[]).map(({ hypervisor: _, ...node }, i) => ({
    ...node,
    kind: "existing",
    site: "fjord-1",
    sshHostKey: key,
    ...(i === 0 && { sshHost: "registry.example.no" }),
  }));
  const sites = [{ name: "fjord-1", country: "NO", city: "Voss", operator: "Example AS", operatorCountry: "NO" }];
  const stack = parseStack({ ...raw, nodes, sites, hypervisors: [] }, "test");
  assert.deepEqual(
    stack.nodes.map(({ reach, site }) => [reach, site.city, site.standing]),
    [
      ["registry.example.no", "Voss", "NO"],
      ["10.20.0.11", "Voss", "NO"],
      ["10.20.0.12", "Voss", "NO"],
    ],
  );
});

test("a date that Pulumi has read as a moment is told how to be written", () => {
  const entry = { host: "a.example.no", country: "NO", legalBasis: "none", agreement: "none" };
  const received = [{ ...entry, expires: "2027-06-30T00:00:00Z" }];
  assert.match(
    problemsOf({ ...valid(), destinations: received }).join(),
    /expires: .* Write "2027-06-30", with quotes\.$/,
  );
});

test("a wrong value is not judged again together with other keys", () => {
  const raw = valid();
  const sync = {
    ...(raw.sync as object),
    demo: false,
    hostKey: "nonsense",
    gitHost: { kind: "gitlab", url: "https://g.no", projectId: 1 },
  };
  assert.deepEqual(problemsOf({ ...raw, sync }).filter((p) => p.startsWith("sync.hostKey")).length, 1);
});

test("owner and name of a repository are read from its address", () => {
  const cases: [address: string, expected: string | undefined][] = [
    ["ssh://git@github.com/platform/config.git", "platform/config"],
    ["ssh://git@gitea.example.no:2222/Platform/con.fig_1", "Platform/con.fig_1"],
    ["ssh://git@gitea.example.no/platform/.profile.git", "platform/.profile"],
    ["ssh://git@gitea.example.no/config.git", undefined],
    ["ssh://git@gitea.example.no/a/b/config.git", undefined],
    ["ssh://git@gitea.example.no/platform/../config.git", undefined],
    ["ssh://git@gitea.example.no/platform/", undefined],
    ["ssh://git@gitea.example.no/~platform/config.git", undefined],
  ];
  for (const [address, expected] of cases) assert.equal(ownerAndName(address), expected, address);
});

test("GitHub's API is where it says itself, and nowhere else", () => {
  const hostKey = `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${"A".repeat(43)}`;
  const sync = { repository: "ssh://git@github.com/platform/config.git", hostKey };
  const problems = (url: string) => problemsOf({ ...valid(), sync: { ...sync, gitHost: { kind: "github", url } } });
  for (const url of ["https://api.github.com", "https://api.acme.ghe.com/", "https://github.example.no/api/v3"]) {
    assert.deepEqual(problems(url), [], url);
  }
  for (const url of [
    "http://api.github.com",
    "https://api.github.com.example.org",
    "https://api.github.com/x",
    "https://a@h.no/api/v3",
  ]) {
    assert.equal(problems(url).length, 1, url);
  }
});

test("what Pulumi hands over is the same configuration, without secrets and other namespaces", () => {
  const handed = Object.entries(valid()).map(([key, value]) => [
    `grunnmur:${key}`,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  const all = {
    ...Object.fromEntries(handed),
    "grunnmur:gitHostToken": "hunter2",
    "aws:region": "x",
    "pulumi:tags": "{}",
  };
  assert.deepEqual(fromPulumi(all), valid());
});

test("a stack file may hold an encrypted secret", () => {
  const text =
    'config:\n  grunnmur:environment: production\n  grunnmur:gitHostToken: { secure: "v1:abc" }\n  aws:region: x\n';
  assert.deepEqual(fromStackFile(text), { environment: "production" });
  assert.deepEqual(fromStackFile("encryptionsalt: v1:x\n"), {});
});

test("one hypervisor under two names is refused, and an interface name that no kernel takes", () => {
  const prod = readFileSync(join(ROOT, "Pulumi.prod.yaml"), "utf8");
  const twice = fromStackFile(prod.replace("osl2.example.no", "osl1.example.no"));
  assert.match(problemsOf(twice).join(), /^hypervisors\[1\]\.uri: .* which hypervisors\[0\] has already/);
  const long = fromStackFile(prod.replace("bridge: br0", "bridge: bridge-to-guests"));
  assert.match(problemsOf(long).join(), /^hypervisors\[0\]\.bridge: .* at most 15 characters\.$/);
  assert.deepEqual(problemsOf(fromStackFile(prod.replace("bridge: br0", "bridge: vmbr0.100"))), []);
});
