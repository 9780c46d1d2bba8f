import { Unknown } from "../cel/unknown";
import type { WorldFinding } from "../engine/verdict";
import { get, list, ofKind, type Workload, workloads } from "./read";
import type { Implementation, World } from "./world";

const PERSONAL = "grunnmur.internal/personal-data";
const REGION = "topology.kubernetes.io/region";

/**
 * `personal-data-pods-in-region` where one object is shown at a time and its Namespace is another: the same as the
 * rule's own expressions, which review and admission evaluate with the Namespace at hand.
 */
export const podsInRegion: Implementation = (world) => {
  const namespaces = new Map(ofKind(world, "/Namespace").map(({ id, document }) => [id.name, document.object]));
  return workloads(world).flatMap((one) => judge(one, namespaces.get(one.id.namespace || "default")));
};

function judge(one: Workload, namespace: World["documents"][number]["object"] | undefined): WorldFinding[] {
  const specPath = one.path.join(".");
  const path = `${specPath}.nodeSelector`;
  const [personal, region] = [PERSONAL, REGION].map((key) => get(namespace, "metadata", "labels", key));
  if (namespace === undefined || personal instanceof Unknown) return [waiting(one, specPath)];
  if (personal !== "true" && personal !== "false") {
    return [fault(one, specPath, "the pod's namespace does not say whether it holds personal data")];
  }
  if (personal === "false") return [];
  if (region instanceof Unknown) return [waiting(one, path)];
  const bound = isBound(one.podSpec, region);
  if (bound === undefined) return [waiting(one, path)];
  if (bound) return [];
  const place = typeof region === "string" && region !== "" ? region : "(none named)";
  const selected = get(one.podSpec, "nodeSelector", REGION) ?? "no region";
  const message = `the namespace holds personal data in region ${place}, and the pod is bound to ${String(selected)}; allowed is the namespace's own`;
  return [fault(one, path, message)];
}

/** Whether the pod can run in the region only; `undefined` where that is not known. */
function isBound(podSpec: unknown, region: unknown): boolean | undefined {
  if (typeof region !== "string" || region === "") return false;
  const selected = get(podSpec, "nodeSelector", REGION);
  if (selected === region) return true;
  const required = "requiredDuringSchedulingIgnoredDuringExecution";
  const terms = get(podSpec, "affinity", "nodeAffinity", required, "nodeSelectorTerms");
  const verdicts = list(terms).map((term) => bindsTerm(term, region));
  if (verdicts.length > 0 && verdicts.every((verdict) => verdict === true)) return true;
  const open = selected instanceof Unknown || terms instanceof Unknown;
  return open || (verdicts.includes(undefined) && !verdicts.includes(false)) ? undefined : false;
}

function bindsTerm(term: unknown, region: string): boolean | undefined {
  const expressions = get(term, "matchExpressions");
  const verdicts = list(expressions).map((expression) => {
    const parts = ["key", "operator", "values"].map((field) => get(expression, field));
    const [key, operator, values] = parts;
    if (parts.some((part) => part instanceof Unknown) || list(values).some((v) => v instanceof Unknown))
      return undefined;
    return key === REGION && operator === "In" && list(values).length === 1 && list(values)[0] === region;
  });
  if (verdicts.includes(true)) return true;
  return expressions instanceof Unknown || verdicts.includes(undefined) ? undefined : false;
}

const fault = ({ document }: Workload, path: string, message: string): WorldFinding => ({
  verdict: "fail",
  path,
  message,
  document,
});

const waiting = ({ document, id }: Workload, path: string): WorldFinding => ({
  verdict: "undetermined",
  path,
  message: `whether the pods of ${id.name} are bound to their region cannot be decided before their namespace and selectors are known`,
  waitsFor: [`Namespace ${id.namespace || "default"}`],
  document,
});
