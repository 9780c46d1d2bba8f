import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Unknown } from "../cel/unknown";
import { Engine } from "./engine";
import { loadRules } from "./load";
import { BUILT_IN, FOREIGN } from "./pod-specs";
import { podSpecPathIn } from "./subject";

const rollout = (spec: Record<string, unknown>) => ({
  apiVersion: "argoproj.io/v1alpha1",
  kind: "Rollout",
  metadata: { name: "a", namespace: "shop" },
  spec,
});

function judged(object: Record<string, unknown>) {
  const rules = loadRules().filter(({ id }) => id === "memory-limit");
  return new Engine({ rules, gate: "check", today: "2026-11-23" }).evaluate([{ object }]);
}

describe("where kinds keep their pod spec", () => {
  it("is the same in all groups that have a kind of the name, for a policy tells them by the kind alone", () => {
    const places = new Map<string, string>();
    for (const [key, paths] of Object.entries({ ...BUILT_IN, ...FOREIGN })) {
      const kind = key.replace(/^.*\//, "");
      assert.equal(places.get(kind) ?? paths.join(), paths.join(), key);
      places.set(kind, paths.join());
    }
  });

  it("is the first place that an object fills", () => {
    const id = { group: "apps.kruise.io", kind: "AdvancedCronJob" };
    const template = { broadcastJobTemplate: { spec: { template: { spec: {} } } } };
    assert.equal(
      podSpecPathIn(id, { spec: { template } })?.join("."),
      "spec.template.broadcastJobTemplate.spec.template.spec",
    );
  });

  it("may be nowhere in a kind of others, and then no rule is about the object", () => {
    const { violations, obligations } = judged(rollout({ workloadRef: { kind: "Deployment", name: "a" } }));
    assert.deepEqual([...violations, ...obligations], []);
  });

  it("is nowhere else: a kind of that name in another group is not judged", () => {
    const { violations } = judged({ ...rollout({ template: { spec: { containers: [{}] } } }), apiVersion: "a.no/v1" });
    assert.deepEqual(violations, []);
  });

  it("may not be known yet", () => {
    const { violations, obligations } = judged(rollout({ template: new Unknown() }));
    assert.deepEqual(violations, []);
    assert.equal(obligations.length, 1);
  });
});
