import type { ResourceRemediation } from "@pulumi/policy";
import type { Rule } from "../engine/rule";
import { podSpecPath } from "../engine/subject";
import { kubernetesType } from "./resource";

/**
 * Remedies that change nothing in the cluster but say in the program what the API server would fill in anyway: a
 * container with a limit and no request gets the limit as its request. They run only where the pack's configuration
 * sets a rule's `enforcementLevel` to `remediate`.
 */
const RESOURCE_OF: Readonly<Record<string, string>> = { "cpu-request": "cpu", "memory-request": "memory" };

export function remediationOf(rule: Rule): ResourceRemediation | undefined {
  const resource = RESOURCE_OF[rule.id];
  if (resource === undefined) return undefined;
  return ({ type, props }) => {
    const kubernetes = kubernetesType(type);
    if (kubernetes === undefined || kubernetes.patch) return undefined;
    const [group = "", version] = kubernetes.apiVersion.split("/");
    const path = podSpecPath({ group: version === undefined ? "" : group, kind: kubernetes.kind });
    if (path === undefined) return undefined;
    return fillRequests(props, path, resource) ? props : undefined;
  };
}

type Fields = Record<string, unknown>;

/** @returns whether something was filled in. Reading an unknown value throws, and the engine then says so. */
function fillRequests(props: Fields, path: readonly string[], resource: string): boolean {
  let spec: unknown = props;
  for (const key of path) spec = (spec as Fields | undefined)?.[key];
  let changed = false;
  for (const field of ["containers", "initContainers"]) {
    const containers = (spec as Fields | undefined)?.[field];
    if (!Array.isArray(containers)) continue;
    for (const container of containers as { resources?: { limits?: Fields; requests?: Fields } }[]) {
      const { resources } = container;
      const limit = resources?.limits?.[resource];
      if (!resources || limit === undefined || resources.requests?.[resource] !== undefined) continue;
      if (resources.requests) resources.requests[resource] = limit;
      else resources.requests = { [resource]: limit };
      changed = true;
    }
  }
  return changed;
}
