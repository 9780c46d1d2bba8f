import assert from "node:assert/strict";
import { test } from "node:test";
import { type AdmissionObject, admissionForStack } from "../../policies/admission/generate";
import { loadRules } from "../../policies/engine/load";
import { ruleResults } from "./rules";
import { prod } from "./support/evidence";

const stack = prod();
const there = admissionForStack(stack);
const held = loadRules().filter(({ gates }) => gates.includes("admission"));
const inCluster = (cluster: readonly AdmissionObject[] | undefined) =>
  ruleResults(loadRules(), stack, { preview: undefined, review: undefined, cluster });

test("where the cluster has all policies, each rule of it is in force or advises", () => {
  const found = inCluster(there).filter(({ cluster }) => cluster.state !== "not held");
  assert.equal(found.length, held.length);
  for (const { id, severity, cluster } of found) {
    assert.equal(cluster.state, severity === "mandatory" ? "in force" : "advises", id);
  }
});

test("what the API server adds to a policy changes nothing", () => {
  const defaulted = there.map((one) => ({
    ...one,
    spec: { ...one.spec, ...(one.kind === "ValidatingAdmissionPolicy" ? { variables: one.spec.variables ?? [] } : {}) },
  }));
  assert.deepEqual(inCluster(defaulted), inCluster(there));
});

/** Ids of rules that are not in force, with what was found. */
const missing = (cluster: readonly AdmissionObject[]): [string, string][] =>
  inCluster(cluster).flatMap(({ id, cluster: gate }) =>
    gate.state === "missing" ? [[id, gate.findings.join()] as [string, string]] : [],
  );

test("a policy without its binding, one that only warns and one that was weakened are not in force", () => {
  const name = "tenant-own-namespaces";
  const isBinding = (one: AdmissionObject) => one.kind !== "ValidatingAdmissionPolicy" && one.spec.policyName === name;
  assert.deepEqual(
    missing(there.filter((one) => !isBinding(one))).map(([id]) => id),
    [name],
  );
  const warns = there.map((one) =>
    isBinding(one) ? { ...one, spec: { ...one.spec, validationActions: ["Warn"] } } : one,
  );
  assert.match(missing(warns)[0]?.[1] ?? "", /is not as this version of grunnmur makes it of the stack file/);
  const weak = there.map((one) =>
    one.metadata.name === name && one.kind === "ValidatingAdmissionPolicy"
      ? { ...one, spec: { ...one.spec, validations: [{ expression: "true" }] } }
      : one,
  );
  assert.deepEqual(
    missing(weak).map(([id]) => id),
    [name],
  );
});

test("rules that share a policy are missing together", () => {
  const shared = there.find(({ metadata }) => metadata.name === "pods-resource-limits");
  assert.ok(shared);
  const names = Object.keys(shared.metadata.annotations ?? {}).map((key) => key.replace("rule.grunnmur/", ""));
  assert.ok(names.length > 3, "no rule shares it");
  const found = missing(there.filter((one) => one !== shared)).map(([id]) => id);
  assert.deepEqual(found, names.sort());
});

test("a gate that was not asked says nothing good", () => {
  for (const { preview, review, cluster } of inCluster(undefined)) {
    for (const gate of [preview, review, cluster]) assert.ok(["unknown", "not held"].includes(gate.state), gate.state);
  }
});
