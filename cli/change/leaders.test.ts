import assert from "node:assert/strict";
import { test } from "node:test";
import { type Lease, ofLeaders } from "./leaders";

const NOW = Date.parse("2026-11-29T21:00:00Z");
const lease = (name: string, secondsAgo: number): Lease => ({
  metadata: { name, namespace: "kube-system" },
  spec: {
    holderIdentity: "control-1_1",
    leaseDurationSeconds: 15,
    renewTime: new Date(NOW - secondsAgo * 1000).toISOString().replace("Z", "000Z"),
  },
});

test("a part of the control plane that nobody leads any more is named, with what is not done", () => {
  const leases = [lease("kube-controller-manager", 900), lease("kube-scheduler", 300), lease("apiserver-x", 9000)];
  const found = ofLeaders(leases, NOW);
  assert.deepEqual(
    found.map(({ stage }) => stage),
    ["not acted on", "not scheduled"],
  );
  assert.match(
    found[0]?.detail ?? "",
    /^kube-controller-manager .* since 2026-11-29T20:45:00.000Z: .*no pods are made/,
  );
});

test("a leader that renews, clocks that differ by a minute, and a part that was never led are nothing", () => {
  const leases = [lease("kube-controller-manager", 14), lease("kube-scheduler", 74)];
  assert.deepEqual(ofLeaders(leases, NOW), []);
  assert.deepEqual(ofLeaders([], NOW), []);
  assert.deepEqual(ofLeaders([{ metadata: { name: "kube-scheduler" }, spec: { holderIdentity: "" } }], NOW), []);
});
