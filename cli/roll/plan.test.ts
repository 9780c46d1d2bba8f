import assert from "node:assert/strict";
import { test } from "node:test";
import type { NodeRuns } from "../status/nodes";
import type { Disk } from "./made-from";
import { type Facts, hasWork, planOf } from "./plan";

const newest = { kubernetes: "v1.36.4", image: "new", debian: "2026-11-01" };
const runs = (kubelet: string, ready = true): NodeRuns => ({
  kubelet,
  containerd: "2.4.2",
  kernel: "6.12.1",
  ready,
  takesPods: true,
});
const role = (name: string) =>
  name.startsWith("control") ? "control-plane" : name.startsWith("registry") ? "registry" : "worker";

/** Nodes with the image and the kubelet of each. */
function facts(nodes: Record<string, [image: string, kubelet: string]>, change: Partial<Facts> = {}): Facts {
  const disk = (image: string): Disk => ({ urn: "", id: "", image });
  return {
    stack: "prod",
    nodes: Object.keys(nodes).map((name) => ({ name, role: role(name), kind: "libvirt" })),
    atRisk: new Set(["registry-1"]),
    made: {
      kubernetes: "v1.36.4",
      rotations: {},
      disks: new Map(Object.entries(nodes).map(([name, [image]]) => [name, disk(image)])),
    },
    runs: new Map(
      Object.entries(nodes).flatMap(([name, [, kubelet]]) =>
        role(name) === "registry" ? [] : [[name, runs(kubelet)]],
      ),
    ),
    newest,
    ...change,
  };
}
const three = (image: string, kubelet: string): Record<string, [string, string]> => ({
  "worker-1": [image, kubelet],
  "registry-1": [image, ""],
  "control-3": [image, kubelet],
  "control-1": [image, kubelet],
  "control-2": [image, kubelet],
});
const does = (given: Facts) =>
  planOf(given).nodes.map((step) => `${step.name}: ${step.does.join(", ") || step.stays || "-"}`);

test("what is new stays, whatever it is", () => {
  const plan = planOf(facts(three("new", "v1.36.4")));
  assert.equal(hasWork(plan), false);
  assert.deepEqual(plan.refusals, []);
  assert.ok(plan.nodes.every(({ why, stays }) => why === "" && stays === null));
});

test("Kubernetes goes first and in place, control planes before workers, the registry's node only by its name", () => {
  const old = facts(three("old", "v1.36.3"), { made: { ...facts(three("old", "")).made, kubernetes: "v1.36.3" } });
  const stays = "its disk has what CI pushed: --accept-loss registry-1";
  assert.deepEqual(does(old), [
    "control-1: in place, anew",
    "control-2: in place, anew",
    "control-3: in place, anew",
    "worker-1: anew",
    `registry-1: ${stays}`,
  ]);
  assert.ok(does({ ...old, acceptLoss: ["registry-1"] }).includes("registry-1: anew"));
  assert.ok(does({ ...old, atRisk: new Set() }).includes("registry-1: anew"));
  const volumes = { ...old, atRisk: new Set(["registry-1", "worker-1"]) };
  assert.ok(does(volumes).includes("worker-1: its disk has volumes: --accept-loss worker-1"));
  assert.ok(does({ ...volumes, acceptLoss: ["worker-1"] }).includes("worker-1: anew"));
});

test("a newer Debian alone is a new image, and says its day", () => {
  const { nodes } = planOf(facts(three("old", "v1.36.4")));
  assert.deepEqual(nodes[0]?.does, ["anew"]);
  assert.equal(nodes[0]?.why, "its image is old, the newest new with Debian of 2026-11-01");
});

test("a run that broke off is gone on with: the state has the new version, and a control plane not yet", () => {
  const given = three("new", "v1.36.4");
  given["control-2"] = ["old", "v1.36.3"];
  assert.deepEqual(
    does(facts(given)).filter((line) => !line.endsWith(": -")),
    ["control-2: in place, anew"],
  );
});

test("the machine of an only control plane stays, and its Kubernetes does not", () => {
  const [step] = planOf(
    facts({ "control-1": ["old", "v1.36.3"] }, { made: { kubernetes: "v1.36.3", rotations: {}, disks: new Map() } }),
  ).nodes;
  assert.deepEqual(step?.does, ["in place"]);
  assert.match(step?.stays ?? "", /only control plane.*add two others first/);
});

test("a machine that grunnmur did not make is never made anew", () => {
  const given = facts({ "control-1": ["", "v1.36.3"], "worker-1": ["", "v1.36.3"] });
  const existing = given.nodes.map((node) => ({ ...node, kind: "existing" as const }));
  const { nodes } = planOf({ ...given, nodes: existing });
  assert.deepEqual(
    nodes.map((step) => step.does),
    [["in place"], []],
  );
  assert.match(nodes[1]?.stays ?? "", /did not make this machine/);
});

test("what cannot be upgraded is said, all at once, with what to do", () => {
  for (const [from, said] of [
    ["v1.37.0", /no older version is put in place of a newer one/],
    ["v1.36.5", /no older version/],
    ["v1.34.9", /one minor version at a time\. Upgrade with a grunnmur that brings v1\.35 first/],
    ["v1.35.4", undefined],
  ] as const) {
    const given = facts(three("old", from));
    const { refusals } = planOf({ ...given, made: { ...given.made, kubernetes: from } });
    assert.equal(refusals.length, said ? 1 : 0, from);
    if (said) assert.match(refusals[0] ?? "", said);
  }
  const broken = facts(three("old", "v1.36.3"));
  broken.runs.set("worker-1", runs("v1.32.0", false));
  broken.runs.delete("control-2");
  assert.deepEqual(
    planOf(broken).refusals.map((line) => line.replace(/[:,] .*/, "")),
    ["control-2 is no Node of the cluster", "worker-1 is not ready", "worker-1 runs a kubelet of v1.32.0"],
  );
});
