import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { casesOf, isAsked } from "./examples";
import { loadRules } from "./load";
import type { Rule } from "./rule";

const RULES = loadRules();

/** The shipped rule with other good examples, and whether it is asked about the first of them. */
function asked(id: string, example: Partial<Rule["examples"]["good"][number]>): boolean {
  const rule = RULES.find((one) => one.id === id);
  assert.ok(rule, id);
  const good = [{ title: "changed", ...example }];
  const [first] = casesOf({ ...rule, examples: { ...rule.examples, good } });
  assert.ok(first);
  return isAsked(rule, first);
}

const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "a", namespace: "shop" }, spec: { containers: [] } };
const service = { apiVersion: "v1", kind: "Service", metadata: { name: "a", namespace: "shop" } };

describe("a rule is asked about an example", () => {
  it("with a pod spec", () => assert.equal(asked("memory-limit", { podSpec: { containers: [] } }), true));
  it("with an object of its kinds", () => assert.equal(asked("no-external-name", { object: service }), true));
  it("with one among several", () => assert.equal(asked("memory-limit", { objects: [service, pod] }), true));
  it("with one inside a List", () =>
    assert.equal(asked("memory-limit", { object: { apiVersion: "v1", kind: "List", items: [service, pod] } }), true));
  it("with one in a namespace of the platform, for that may be what it shows", () => {
    const object = { ...pod, metadata: { name: "a", namespace: "kube-system" } };
    assert.equal(asked("memory-limit", { object }), true);
  });
  it("with a stack, where it is about the stack", () =>
    assert.equal(asked("control-plane-size", { object: { nodes: [] } }), true));
});

describe("a rule is not asked about an example", () => {
  it("of another kind", () => assert.equal(asked("memory-limit", { object: service }), false));
  it("of its kind in another group", () =>
    assert.equal(asked("memory-limit", { object: { ...pod, apiVersion: "example.org/v1" } }), false));
  it("of another kind, where TypeScript looks at several objects", () =>
    assert.equal(asked("namespace-quota", { objects: [service] }), false));
  it("of objects without a stack, where it is about the stack", () =>
    assert.equal(asked("control-plane-size", { objects: [pod] }), false));
  it("at gates where it does not hold", () =>
    assert.equal(asked("control-plane-size", { object: { nodes: [] }, gates: ["admission"] }), false));
});
