import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fromStackFile, parseStack } from "../../stacks/load";
import { rulesDirectory } from "../engine/load";
import { parseRule } from "../engine/parse";
import { type AdmissionObject, admissionForStack, admissionPolicies } from "./generate";

const rule = (changes: Record<string, unknown> = {}) =>
  parseRule(
    JSON.stringify({
      id: "some-rule",
      title: "A rule",
      category: "resource-limits",
      severity: "mandatory",
      gates: ["check", "admission"],
      reason: "Because.",
      remediation: "Mend it.",
      match: { subject: "podSpec", subresources: ["resize"] },
      validations: [{ expression: "true\n  || false", message: "wrong" }],
      examples: { good: [{ title: "a", podSpec: {} }], bad: [{ title: "b", podSpec: {}, expect: [{}] }] },
      ...changes,
    }),
    "some-rule.yaml",
  );

function specs(changes: Record<string, unknown> = {}, action: "Deny" | "Warn" = "Deny") {
  const [policy, binding] = admissionPolicies([rule(changes)], {}, { action });
  // biome-ignore lint/suspicious/noExplicitAny: the shape is the API server's
  return { policy: policy?.spec as any, binding: binding?.spec as any };
}

test("a mandatory rule refuses, an advisory one warns and leaves a trace, and a trial run refuses nothing", () => {
  assert.deepEqual(specs().binding.validationActions, ["Deny"]);
  assert.deepEqual(specs({ severity: "advisory" }).binding.validationActions, ["Warn", "Audit"]);
  assert.deepEqual(specs({}, "Warn").binding.validationActions, ["Warn", "Audit"]);
});

test("what cannot be evaluated is refused", () => {
  assert.equal(specs().policy.failurePolicy, "Fail");
});

test("expressions stand on one line, since the API server drops warnings that have a line break", () => {
  assert.equal(specs().policy.validations[0].expression, "true || false");
  assert.doesNotMatch(specs().policy.matchConditions[0].expression, /\n/);
});

test("rules for tenants leave the platform's namespaces out, others do not", () => {
  const [selector] = specs().policy.matchConstraints.namespaceSelector.matchExpressions;
  assert.equal(selector.operator, "NotIn");
  assert.ok(selector.values.includes("kube-system") && selector.values.includes("flux-system"));
  const all = specs({ match: { subject: "podSpec", namespaces: "all" } }).policy;
  assert.equal(all.matchConstraints.namespaceSelector, undefined);
  const [own] = admissionPolicies([rule()], { systemNamespaces: ["ours"] }, { action: "Deny" });
  assert.match(JSON.stringify(own?.spec), /"values":\["ours"\]/);
});

test("a rule about pod specs is asked of all that hold one, and of the subresources it names", () => {
  const { matchConstraints } = specs().policy;
  const rules: { apiGroups: string[]; resources: string[]; operations: string[] }[] = matchConstraints.resourceRules;
  const asked = rules.flatMap(({ apiGroups, resources }) => resources.map((name) => `${apiGroups.join()}/${name}`));
  const own = asked.filter((name) => /^(|apps|batch)\//.test(name)).sort();
  assert.deepEqual(own, [
    "/pods",
    "/pods/resize",
    "/podtemplates",
    "/replicationcontrollers",
    "apps/daemonsets",
    "apps/deployments",
    "apps/replicasets",
    "apps/statefulsets",
    "batch/cronjobs",
    "batch/jobs",
  ]);
  for (const foreign of ["argoproj.io/rollouts", "serving.knative.dev/services", "keda.sh/scaledjobs"])
    assert.ok(asked.includes(foreign), foreign);
  assert.ok(rules.every(({ operations }) => operations.join() === "CREATE,UPDATE"));
});

test("plurals are the regular ones, or those the rule gives", () => {
  const kinds = ["NetworkPolicy", "StorageClass", "Endpoints", "Gateway", "Fish"];
  const resources = ["networkpolicies", "storageclasses", "endpoints", "gateways"];
  const pluralsWith = (resource: object) =>
    specs({ match: { subject: "object", resources: [{ apiGroups: ["a.example"], kinds, ...resource }] } }).policy
      .matchConstraints.resourceRules[0].resources;
  assert.deepEqual(pluralsWith({}), [...resources, "fishes"]);
  assert.deepEqual(pluralsWith({ resources: [...resources, "fish"] }), [...resources, "fish"]);
});

for (const name of ["local", "prod"]) {
  test(`the ${name} stack gives every rule its parameters`, () => {
    const file = readFileSync(join(rulesDirectory(), "..", "..", `Pulumi.${name}.yaml`), "utf8");
    const objects: AdmissionObject[] = admissionForStack(parseStack(fromStackFile(file), name));
    assert.ok(objects.length > 20);
    assert.equal(new Set(objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).size, objects.length);
  });
}
