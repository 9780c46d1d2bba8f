import { BUILT_IN, FOREIGN } from "../engine/pod-specs";
import type { Match, Rule } from "../engine/rule";

/** One of `spec.matchConstraints.resourceRules`. */
export interface ResourceRule {
  apiGroups: string[];
  apiVersions: string[];
  operations: string[];
  resources: string[];
}

/** Every version: with `matchPolicy: Equivalent` a rule holds whichever of them a request uses. */
const apiVersions = ["*"];
const operations = ["CREATE", "UPDATE"];

/**
 * What the cluster's own programs write all the time. No tenant has rights on any of it, so that a rule about every
 * kind leaves it out: else each lease would wait for the rule.
 */
export const WRITTEN_ALL_THE_TIME: readonly ResourceRule[] = (
  [
    ["coordination.k8s.io", ["*"]],
    ["authentication.k8s.io", ["*"]],
    ["authorization.k8s.io", ["*"]],
    ["events.k8s.io", ["*"]],
    ["", ["events", "nodes/status"]],
  ] as const
).map(([group, resources]) => {
  return { apiGroups: [group], apiVersions, operations: ["*"], resources: [...resources] };
});

/** What a rule has the API server ask it about. */
export function resourceRules(rule: Rule): ResourceRule[] {
  const { match } = rule;
  switch (match.subject) {
    case "podSpec":
      return podResources(match.subresources);
    case "object":
      return match.resources.map((resource) => ({
        apiGroups: resource.apiGroups,
        apiVersions,
        operations: match.operations,
        resources: pluralsOf(resource),
      }));
    case "stack":
      return [];
    default:
      return match satisfies never;
  }
}

/** All that hold a pod spec, and these subresources of pods. */
export function podResources(subresources: readonly string[]): ResourceRule[] {
  const byGroup = new Map<string, string[]>();
  // A rule for a kind that the cluster does not serve does no harm, and holds from the day on which it does.
  for (const key of Object.keys({ ...BUILT_IN, ...FOREIGN })) {
    const [group = "", kind = ""] = key.split("/");
    byGroup.set(group, [...(byGroup.get(group) ?? []), plural(kind)]);
  }
  byGroup.get("")?.push(...subresources.map((name) => `pods/${name}`));
  return [...byGroup].map(([group, resources]) => ({ apiGroups: [group], apiVersions, operations, resources }));
}

type ObjectResource = Extract<Match, { subject: "object" }>["resources"][number];

/** The plural of each kind, in order: those the rule gives, else the regular ones. */
export function pluralsOf(resource: ObjectResource): string[] {
  return resource.kinds.map((kind, index) => resource.resources?.[index] ?? plural(kind));
}

/** As code generators for Kubernetes form it. */
export function plural(kind: string): string {
  if (kind === "*") return "*/*";
  const name = kind.toLowerCase();
  if (name.endsWith("endpoints")) return name;
  if (/(s|x|z|ch|sh)$/.test(name)) return `${name}es`;
  if (/[^aeiou]y$/.test(name)) return `${name.slice(0, -1)}ies`;
  return `${name}s`;
}
