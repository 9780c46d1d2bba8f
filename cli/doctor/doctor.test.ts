import assert from "node:assert/strict";
import { test } from "node:test";
import { lock } from "../../artifacts/lock";
import type { Cause } from "../change/cause";
import type { Change } from "../change/change";
import { readStack } from "../pulumi/stack-file";
import { nothing, type Report } from "../status/report";
import { type Check, exitCode } from "./check";
import { ofEnvironment } from "./environment";
import { type Measured, ofMachine } from "./machine";
import { render } from "./render";

const local = readStack("local");
const fine: Measured = {
  ...{ node: "22.0.0", memoryMiB: 30_000, diskGiB: 100, packages: [], artifacts: [], locks: [], leftovers: [] },
  machine: { slowness: 1, cores: 2, kvm: true },
};
const states = (checks: Check[]) => checks.map(({ state }) => state);
const bad = (checks: Check[]) => checks.filter(({ state }) => state !== "good");

test("a machine that has all has nothing to say against it", () => {
  assert.deepEqual(new Set(states(ofMachine(local, fine, false))), new Set(["good"]));
});

for (const [what, found, up, state, said, remedy, fix] of [
  [
    "too little memory for the guests",
    { memoryMiB: 2000 },
    false,
    "wrong",
    /^2000 MiB.*5888 MiB/,
    /free some/,
    undefined,
  ],
  ["a full disk", { diskGiB: 2 }, false, "wrong", /^2\.0 GiB .*15 GiB/, /GRUNNMUR_HOME/, undefined],
  [
    "a disk that is full while it is up",
    { diskGiB: 2 },
    true,
    "wrong",
    /^2\.0 GiB .*3 GiB/,
    /GRUNNMUR_HOME/,
    undefined,
  ],
  [
    "missing packages",
    { packages: ["qemu-utils"] },
    false,
    "wrong",
    /qemu-utils/,
    /apt-get install .*qemu-utils/,
    "packages",
  ],
  [
    "missing artifacts",
    { artifacts: ["golden-image"] },
    false,
    "advice",
    /golden-image/,
    /\.\/grunnmur up brings/,
    "artifacts",
  ],
  ["a lock of a dead run", { locks: [4711] }, false, "wrong", /dead \(4711\)/, /removes the lock/, "lock"],
  [
    "what an interrupted run left",
    { leftovers: ["process 1 (x)"] },
    false,
    "wrong",
    /process 1/,
    /destroy takes it down/,
    undefined,
  ],
  [
    "no KVM",
    { machine: { slowness: 1, cores: 2, kvm: false } },
    false,
    "advice",
    /12 times slower/,
    /\/dev\/kvm/,
    undefined,
  ],
] as const) {
  test(`${what} is said with what helps`, () => {
    const [one, ...rest] = bad(ofMachine(local, { ...fine, ...found } as Measured, up));
    assert.ok(one && rest.length === 0);
    assert.equal(one.state, state);
    assert.match(`${one.found} ${one.expected ?? ""}`, said);
    assert.match(one.remedy ?? "", remedy);
    assert.equal(one.fix, fix);
  });
}

const ends = new Date(Date.now() + 200 * 86_400_000).toISOString();
const today = new Date().toISOString().slice(0, 10);
const live: Change = {
  state: "live",
  head: "b".repeat(40),
  fetched: "b".repeat(40),
  applied: "b".repeat(40),
  commit: null,
  causes: [],
  unread: null,
};
const alert = {
  ...{ name: "EtcdNearlyFull", since: "2026-01-01T00:00:00Z" },
  ...{ summary: "full", remedy: "delete what nobody needs" },
};
const ready: Report = {
  ...nothing("prod"),
  nodes: [
    {
      ...{ name: "worker-1", role: "worker", ready: true, site: "osl-1", address: "10.0.0.2" },
      ...{
        kubelet: `v${lock().tools.kubernetes?.version}`,
        kernel: "6",
        image: { key: "k", debian: today },
        networkPolicies: true,
        takesPods: true,
      },
    },
  ],
  registry: { address: "10.0.0.1", ready: true, images: 9 },
  cluster: { version: "v1.36.4", ready: true },
  agent: { ready: true, revision: "main@sha1:b", lastApplied: "main@sha1:b", readOnlyKey: true },
  certificates: [{ of: "the registry", ends }],
  change: live,
};
const worker = ready.nodes[0] as Report["nodes"][number];
const cause: Cause = {
  stage: "crashes",
  object: { kind: "Deployment", namespace: "production", name: "shop" },
  ...{
    detail: "exit code 2",
    log: ["no such table"],
    file: "clusters/prod/shop.yaml",
    line: 7,
    remedy: "its log says why",
  },
  commit: { sha: "c".repeat(40), subject: "Newer", author: "Kari", date: today },
};

test("an environment of which all is ready has nothing to say against it", () => {
  const checks = ofEnvironment(ready, []);
  assert.deepEqual(new Set(states(checks)), new Set(["good"]));
  assert.equal(exitCode(checks), 0);
});

for (const [what, change, state, said, remedy] of [
  [
    "a node that is off",
    { nodes: [{ ...worker, ready: false }] },
    "wrong",
    /not ready/,
    /replace --stack prod worker-1/,
  ],
  [
    "a node that takes no pods",
    { nodes: [{ ...worker, takesPods: false }] },
    "advice",
    /takes no new pods/,
    /a run broke off: \.\/grunnmur up --stack prod; .*kubectl --stack prod uncordon worker-1/,
  ],
  [
    "a node whose answer may still come",
    {
      nodes: [{ ...worker, ready: false }],
      unanswered: [{ part: "nodes", state: "slow", detail: "", lastAnswer: null }],
    },
    "unknown",
    /slow to answer/,
    /grunnmur up/,
  ],
  [
    "an older kubelet",
    { nodes: [{ ...worker, kubelet: "v1.30.0" }] },
    "advice",
    /v1\.30\.0/,
    /upgrade --stack prod --plan/,
  ],
  [
    "an old image",
    { nodes: [{ ...worker, image: { key: "k", debian: "2020-01-01" } }] },
    "advice",
    /Debian of 2020-01-01/,
    /upgrade/,
  ],
  [
    "a registry that is away",
    { registry: { ...ready.registry, ready: false } },
    "wrong",
    /does not answer/,
    /nodes go on/,
  ],
  [
    "a cluster that is away",
    { cluster: { version: null, ready: false } },
    "wrong",
    /does not answer/,
    /journalctl -u kubelet/,
  ],
  [
    "a certificate near its end",
    { certificates: [{ of: "the registry", ends: new Date(Date.now() + 9.5e8).toISOString() }] },
    "advice",
    /in 10 days/,
    /grunnmur up/,
  ],
  [
    "a name without a certificate",
    {
      ingress: { hosts: ["shop.example.no"], addresses: ["10.0.0.1"], answering: 1, awaited: ["shop.example.no"] },
    },
    "wrong",
    /no certificate of the ACME server's for shop\.example\.no/,
    /get events -A --field-selector reason=NoCertificate/,
  ],
  [
    "an alert",
    { monitoring: { alerts: [{ ...alert, severity: "critical" }] } },
    "wrong",
    /EtcdNearlyFull: full/,
    /delete what nobody needs/,
  ],
  [
    "an alert that can wait",
    { monitoring: { alerts: [{ ...alert, severity: "warning" }] } },
    "advice",
    /EtcdNearlyFull: full/,
    /delete what nobody needs/,
  ],
  [
    "a Prometheus that does not answer",
    {
      monitoring: { alerts: null },
      unanswered: [{ part: "monitoring", state: "refused", detail: "it answered 503", lastAnswer: null }],
    },
    "wrong",
    /does not answer: it answered 503/,
    /describe pod -n kube-system -l app=prometheus/,
  ],
  ["a key that is not proven", { agent: { ...ready.agent, readOnlyKey: false } }, "wrong", /read-only/, /refused/],
  [
    "Git that cannot be read",
    { change: { ...live, head: null, unread: "denied" } },
    "unknown",
    /denied/,
    /agent's own/,
  ],
  [
    "an agent that has fetched nothing",
    { agent: { ...ready.agent, revision: null } },
    "wrong",
    /fetched nothing/,
    /sets it up/,
  ],
  ["a rotation under way", { rotating: ["registry"] }, "advice", /rotation of registry/, /--stack prod --finish/],
  [
    "a change under way",
    { change: { ...live, state: "under way", fetched: "a".repeat(40) } },
    "advice",
    /not fetched yet/,
    /--fix/,
  ],
] as const) {
  test(`${what} is said with what helps`, () => {
    const [one, ...rest] = bad(ofEnvironment({ ...ready, ...(change as Partial<Report>) }, []));
    assert.deepEqual(rest, []);
    assert.equal(one?.state, state);
    assert.match(one?.found ?? "", said);
    assert.match(one?.remedy ?? "", remedy);
  });
}

test("why a change is not live stands with file, line, commit and the log's last lines", () => {
  const checks = ofEnvironment({ ...ready, change: { ...live, state: "stopped", causes: [cause] } }, []);
  assert.equal(exitCode(checks), 1);
  const text = render("prod", checks, {});
  assert.match(
    text,
    /change +wrong +crashes: Deployment production\/shop, clusters\/prod\/shop\.yaml:7, commit cccccccc "Newer" by Kari: exit code 2\n {4}\| no such table\n {4}do: its log says why\n/,
  );
  assert.match(text, /prod: 2 things are wrong$/);
});

test("what is wrong with the platform's own pods is the cluster's", () => {
  const { stage, detail, remedy } = cause;
  const object = { kind: "DaemonSet", namespace: "kube-system", name: "ingress" };
  const [one] = bad(ofEnvironment(ready, [{ stage, detail, remedy, object }]));
  assert.deepEqual([one?.part, one?.found], ["cluster", "crashes: DaemonSet kube-system/ingress: exit code 2"]);
});

test("what could not be established is neither good nor wrong", () => {
  const unknown: Check = { part: "Git", state: "unknown", found: "?" };
  assert.equal(exitCode([{ part: "x", state: "advice", found: "" }]), 0);
  assert.equal(exitCode([unknown]), 3);
  assert.equal(exitCode([unknown, { part: "x", state: "wrong", found: "" }]), 1);
  assert.match(render("prod", [unknown], {}), /nothing is known to be wrong; 1 could not be established$/);
});
