import { RECONCILER } from "../engine/match";
import type { AdmissionObject } from "./generate";
import { WRITTEN_ALL_THE_TIME } from "./resources";

export interface DriftGuardSettings {
  /** `warn` tells who writes past Git; `deny` refuses it. */
  mode: "off" | "warn" | "deny";
  /** Address of the configuration repository. */
  repository: string;
  /** Directory in it that the agent applies. */
  path: string;
}

/** Who is in it writes past Git, and says why in the annotation. */
export const BREAK_GLASS_GROUP = "grunnmur:break-glass";
export const BREAK_GLASS = "grunnmur.internal/break-glass";

/** Set by the agent on what it applies, and on nothing below it. */
const OWNED = "kustomize.toolkit.fluxcd.io/name";
/** Where kustomize read an object, if the repository asks for that (`buildMetadata: [originAnnotations]`). */
const ORIGIN = "config.kubernetes.io/origin";

/**
 * What is in Git is changed in Git: a write to it by anybody but the agent, and the cluster's own controllers and autoscalers,
 * is told of or refused, with where to change it. The next look undoes it either way. It guards against a mistake; an
 * administrator may remove it.
 */
export function driftGuard({ mode, repository, path }: DriftGuardSettings): AdmissionObject[] {
  if (mode === "off") return [];
  const at = `below ${path} of ${repository}`;
  const past = `In an emergency somebody of the group ${BREAK_GLASS_GROUP} says why in the annotation ${BREAK_GLASS}.`;
  const now = "(request.operation == 'DELETE' ? oldObject : object)";
  const reason = `${now}.metadata.?annotations[?'${BREAK_GLASS}'].orValue('')`;
  const inGroup = `'${BREAK_GLASS_GROUP}' in request.userInfo.?groups.orValue([])`;
  const file = `oldObject.metadata.?annotations[?'${ORIGIN}'].orValue('').split('\\n')[0].replace('path: ', '')`;
  const objects = policy("drift-guard", mode, {
    matchConstraints: {
      matchPolicy: "Equivalent",
      objectSelector: owned,
      resourceRules: [rule("*", ["UPDATE", "DELETE"])],
      excludeResourceRules: WRITTEN_ALL_THE_TIME,
    },
    matchConditions: [
      notTheirs,
      // What is deleted loses its finalizers.
      { name: "is-not-being-removed", expression: `!has(${now}.metadata.deletionTimestamp)` },
    ],
    variables: [
      { name: "breaksGlass", expression: `${inGroup} && ${reason}.matches('\\\\S')` },
      { name: "file", expression: file },
    ],
    validations: [
      {
        expression: "variables.breaksGlass",
        messageExpression: `request.resource.resource + ' ' + request.namespace + '/' + request.name + ' is as Git says, and the agent undoes this: change ' + (variables.file == '' ? 'it' : variables.file) + ' ${at}. ${past}'`,
        message: `this is as Git says, and the agent undoes it: change it ${at}. ${past}`,
        reason: "Forbidden",
      },
    ],
    auditAnnotations: [
      {
        key: "break-glass",
        valueExpression: `variables.breaksGlass ? request.userInfo.username + ': ' + ${reason} : ''`,
      },
    ],
  });
  // What is sent to scale an object tells nothing of it but its name.
  const scale = policy("drift-guard-scale", mode, {
    matchConstraints: {
      matchPolicy: "Equivalent",
      namespaceSelector: owned,
      resourceRules: [rule("*/scale", ["UPDATE"])],
    },
    matchConditions: [notTheirs],
    validations: [
      {
        expression: "false",
        message: `the replicas of what is in Git the agent sets again: change them ${at}. ${past} There: by an edit of the object, not by scale.`,
        reason: "Forbidden",
      },
    ],
  });
  return [...objects, ...scale];
}

const owned = { matchExpressions: [{ key: OWNED, operator: "Exists" }] };

const rule = (resource: string, operations: string[]): object => ({
  apiGroups: ["*"],
  apiVersions: ["*"],
  operations,
  resources: [resource],
});

/** The agent, the accounts of the cluster's own controllers and autoscalers, its components and its nodes. */
const notTheirs = {
  name: "by-somebody-else",
  expression: [
    `!(request.userInfo.username in ['${RECONCILER}', 'system:kube-controller-manager', 'system:kube-scheduler', 'system:apiserver'])`,
    "!request.userInfo.username.startsWith('system:serviceaccount:kube-system:')",
    "!('system:nodes' in request.userInfo.?groups.orValue([]))",
  ].join(" && "),
};

function policy(name: string, mode: "warn" | "deny", spec: object): AdmissionObject[] {
  const apiVersion = "admissionregistration.k8s.io/v1";
  const metadata = { name, labels: { "app.kubernetes.io/part-of": "grunnmur" } };
  return [
    {
      apiVersion,
      kind: "ValidatingAdmissionPolicy",
      metadata,
      // A write that it cannot judge is one that the agent undoes.
      spec: { failurePolicy: mode === "deny" ? "Fail" : "Ignore", ...spec },
    },
    {
      apiVersion,
      kind: "ValidatingAdmissionPolicyBinding",
      metadata,
      spec: { policyName: name, validationActions: [mode === "deny" ? "Deny" : "Warn", "Audit"] },
    },
  ];
}
