import { Unknown } from "../cel/unknown";
import type { WorldFinding } from "../engine/verdict";
import { get, inNamespace, list, ofKind, type Seen } from "./read";
import type { Implementation, World } from "./world";

const PATH = "spec.template.metadata.labels";

/** In production, each Deployment and StatefulSet has a PodDisruptionBudget that matches its pods. */
export const disruptionBudget: Implementation = (world) =>
  [...ofKind(world, "apps/Deployment"), ...ofKind(world, "apps/StatefulSet")]
    .filter(({ id }) => !world.systemNamespaces.includes(id.namespace))
    .flatMap((one) => judgeIn(world, one));

/** Only in production; where the namespace is not known, neither is whether this is production. */
function judgeIn(world: World, one: Seen): WorldFinding[] {
  const { environment, productionNamespaces } = world.params;
  const { document, id } = one;
  const named = (productionNamespaces as string[]).includes(id.namespace);
  if (environment === "production" || named) return judge(world, one);
  if (!(get(document.object, "metadata", "namespace") instanceof Unknown)) return [];
  const message = `whether ${id.name} is in production cannot be decided before its namespace is known`;
  return [{ verdict: "undetermined", path: PATH, message, waitsFor: ["metadata.namespace"], document }];
}

function judge(world: World, { document, id }: Seen): WorldFinding[] {
  const labels = get(document.object, "spec", "template", "metadata", "labels") ?? {};
  const verdicts = inNamespace(world, "policy/PodDisruptionBudget", id.namespace || "default").map((budget) => {
    if (get(budget.document.object, "metadata", "namespace") instanceof Unknown) return undefined;
    return selects(get(budget.document.object, "spec", "selector"), labels);
  });
  if (verdicts.includes(true)) return [];
  if (verdicts.includes(undefined)) {
    const message = `whether a PodDisruptionBudget matches the pods of ${id.name} cannot be decided yet`;
    return [{ verdict: "undetermined", path: PATH, message, waitsFor: ["PodDisruptionBudget"], document }];
  }
  const message = `no PodDisruptionBudget matches the pods of ${id.name}`;
  return [{ verdict: "fail", path: PATH, message, document }];
}

/** Whether a label selector selects; `undefined` where that is not known. An absent selector selects nothing. */
function selects(selector: unknown, labels: unknown): boolean | undefined {
  if (selector === undefined) return false;
  if (selector instanceof Unknown || labels instanceof Unknown) return undefined;
  const matchLabels = get(selector, "matchLabels") ?? {};
  const expressions = get(selector, "matchExpressions");
  if (matchLabels instanceof Unknown || expressions instanceof Unknown) return undefined;
  const verdicts = [
    ...Object.entries(matchLabels as object).map(([key, value]) => same(get(labels, key), value)),
    ...list(expressions).map((expression) => holds(expression, labels)),
  ];
  if (verdicts.includes(false)) return false;
  return verdicts.includes(undefined) ? undefined : true;
}

const same = (a: unknown, b: unknown): boolean | undefined =>
  a instanceof Unknown || b instanceof Unknown ? undefined : a === b;

function holds(expression: unknown, labels: unknown): boolean | undefined {
  const key = get(expression, "key");
  const value = typeof key === "string" ? get(labels, key) : key;
  const values = get(expression, "values");
  if (value instanceof Unknown || values instanceof Unknown) return undefined;
  switch (get(expression, "operator")) {
    case "In":
      return list(values).includes(value);
    case "NotIn":
      return !list(values).includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    default:
      return undefined;
  }
}
