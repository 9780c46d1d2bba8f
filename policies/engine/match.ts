import type { Identity } from "./document";
import type { Match, Rule } from "./rule";
import { podSpecPath } from "./subject";

/** Namespaces of the platform itself, where rules for tenants do not hold. Tenants cannot write to them. */
export const SYSTEM_NAMESPACES: readonly string[] = ["kube-system", "kube-public", "kube-node-lease", "flux-system"];

/** Whether a rule is about an object of this kind and namespace, before `when` is asked. */
export function isAbout(rule: Rule, id: Identity, systemNamespaces: readonly string[]): boolean {
  const { match } = rule;
  return matchesKind(match, id) && matchesNamespace(match, id, systemNamespaces);
}

function matchesKind(match: Match, id: Identity): boolean {
  switch (match.subject) {
    case "podSpec":
      return podSpecPath(id) !== undefined;
    case "object":
      return match.resources.some(
        (resource) =>
          resource.kinds.includes(id.kind) &&
          (resource.apiGroups.includes("*") || resource.apiGroups.includes(id.group)),
      );
    case "stack":
      return false;
    default:
      return match satisfies never;
  }
}

function matchesNamespace(match: Match, id: Identity, systemNamespaces: readonly string[]): boolean {
  if (match.subject === "stack" || match.namespaces === "all") return true;
  // A Namespace object is in the namespace that it makes.
  const namespace = id.kind === "Namespace" && id.group === "" ? id.name : id.namespace;
  return !systemNamespaces.includes(namespace);
}
