import type { Identity } from "./document";
import type { Match, Rule } from "./rule";
import { groupsWithPodSpec, podSpecPlaces } from "./subject";

/**
 * Namespaces of the platform itself, where rules for tenants do not hold. The rule `tenant-own-namespaces` keeps the
 * account that applies the tenants' repository out of them.
 */
export const SYSTEM_NAMESPACES: readonly string[] = ["kube-system", "kube-public", "kube-node-lease", "flux-system"];

/** The account as which the tenants' repository is applied (components/agent/files/rbac.yaml). */
export const RECONCILER = "system:serviceaccount:flux-system:config-reconciler";

/** What `namespaces: platform` means. `default` has the API server's own Service and slices, and no owner. */
export const platformNamespaces = (system: readonly string[]): readonly string[] => [...system, "default"];

/** Whether a rule is about an object of this kind and namespace, before `when` is asked. */
export function isAbout(rule: Rule, id: Identity, systemNamespaces: readonly string[]): boolean {
  return isAboutKind(rule, id) && matchesNamespace(rule.match, id, systemNamespaces);
}

/** The same of the kind alone. */
export function isAboutKind({ match }: Rule, id: Identity): boolean {
  switch (match.subject) {
    case "podSpec":
      return podSpecPlaces(id) !== undefined;
    case "object":
      return match.resources.some(
        ({ kinds, apiGroups }) =>
          (isEveryKind(kinds) || kinds.includes(id.kind)) && (apiGroups.includes("*") || apiGroups.includes(id.group)),
      );
    case "stack":
      return false;
    default:
      return match satisfies never;
  }
}

/** The groups in which some rule is about a kind of this name, in order; "" is the core group. */
export function groupsWith(kind: string, rules: readonly Rule[]): string[] {
  const groups = rules.flatMap(({ match }) => {
    if (match.subject === "podSpec") return groupsWithPodSpec(kind);
    if (match.subject === "stack") return [];
    return match.resources.filter(({ kinds }) => kinds.includes(kind)).flatMap(({ apiGroups }) => apiGroups);
  });
  return [...new Set(groups)].sort();
}

export const isEveryKind = (kinds: readonly string[]): boolean => kinds.includes("*");

/** Whether it makes a difference to the rule who asks. */
export const isForTenants = ({ match }: Rule): boolean => match.subject === "object" && match.requester !== "anybody";

function matchesNamespace(match: Match, id: Identity, systemNamespaces: readonly string[]): boolean {
  if (match.subject === "stack" || match.namespaces === "all") return true;
  // A Namespace object is in the namespace that it makes.
  const namespace = id.kind === "Namespace" && id.group === "" ? id.name : id.namespace;
  if (match.namespaces === "platform") return platformNamespaces(systemNamespaces).includes(namespace);
  return !systemNamespaces.includes(namespace);
}
