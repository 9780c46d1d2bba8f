import { createHash } from "node:crypto";

/** A request that must be refused, and the policy that must refuse it. */
export interface Probe {
  object: { apiVersion: string; kind: string; metadata: { name: string; namespace: string } };
  rule: string;
}

const rule = "grunnmur-in-force";

/**
 * A policy made after all others, its binding, and what it refuses. An API server reads policies in the order in which they
 * were written, so one that holds the last holds all. The name of what is refused follows from the others' text: after a
 * change of any of them, the refusal of before is none.
 */
export function lastPolicy(others: object[]): { objects: object[]; probe: Probe } {
  const text = createHash("sha256").update(JSON.stringify(others)).digest("hex").slice(0, 16);
  const name = `${rule}-${text}`;
  const metadata = { name: rule, labels: { "app.kubernetes.io/part-of": "grunnmur" } };
  const apiVersion = "admissionregistration.k8s.io/v1";
  const policy = {
    apiVersion,
    kind: "ValidatingAdmissionPolicy",
    metadata,
    spec: {
      failurePolicy: "Fail",
      matchConstraints: {
        resourceRules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["configmaps"] }],
      },
      matchConditions: [{ name: "is-the-probe", expression: `object.metadata.?name.orValue('') == '${name}'` }],
      validations: [{ expression: "false", message: "the policies are in force", reason: "Forbidden" }],
    },
  };
  const binding = {
    apiVersion,
    kind: "ValidatingAdmissionPolicyBinding",
    metadata,
    spec: { policyName: rule, validationActions: ["Deny"] },
  };
  const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "default" } };
  return { objects: [policy, binding], probe: { object, rule } };
}
