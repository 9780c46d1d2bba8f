import { Unknown } from "../cel/unknown";
import type { WorldFinding } from "../engine/verdict";
import { holdsSome, saidBy } from "./budget";
import { get, inNamespace, list, ofKind, type Seen } from "./read";
import { type Replicas, replicasOf } from "./replicas";
import type { Implementation, World } from "./world";

const PATH = "spec.template.metadata.labels";

/** In production, each Deployment and StatefulSet has enough pods, and a PodDisruptionBudget that keeps some of them. */
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

function judge(world: World, one: Seen): WorldFinding[] {
  const replicas = replicasOf(world, one);
  return [...judgeCount(world, one, replicas), ...judgeBudgets(world, one, replicas)];
}

/** What is written into the object is judged by the rule's own text; here, what it leaves to others. */
function judgeCount({ params }: World, { document, id }: Seen, { atLeast, exact, by }: Replicas): WorldFinding[] {
  const written = get(document.object, "spec", "replicas");
  const least = params.minReplicas as number;
  const path = "spec.replicas";
  if (written instanceof Unknown || (typeof written === "number" && written < least)) return [];
  if (!exact) {
    const message = `how many replicas ${id.name} has cannot be decided before its autoscaler is known`;
    return [{ verdict: "undetermined", path, message, waitsFor: [by ?? "autoscaler"], document }];
  }
  if (atLeast >= least) return [];
  const has = by === undefined ? `${id.name} has` : `${by} may leave ${id.name}`;
  const message = `${has} ${atLeast} replica(s); at least ${least} in production`;
  return [{ verdict: "fail", path, message, document }];
}

function judgeBudgets(world: World, { document, id }: Seen, replicas: Replicas): WorldFinding[] {
  const labels = get(document.object, "spec", "template", "metadata", "labels") ?? {};
  const least = world.params.minReplicas as number;
  const budgets = inNamespace(world, "policy/PodDisruptionBudget", id.namespace || "default").map((budget) => {
    const spec = get(budget.document.object, "spec");
    const elsewhere = get(budget.document.object, "metadata", "namespace") instanceof Unknown;
    const matches = elsewhere ? undefined : selects(get(spec, "selector"), labels);
    return { budget, spec, matches, holds: holdsSome(spec, replicas, least) };
  });
  const matching = budgets.filter(({ matches }) => matches === true);
  if (matching.some(({ holds }) => holds)) return [];
  const undecided = budgets.some(({ matches, holds }) => matches !== false && holds !== false);
  if (undecided) {
    const message = `whether a PodDisruptionBudget matches the pods of ${id.name} cannot be decided yet`;
    return [{ verdict: "undetermined", path: PATH, message, waitsFor: ["PodDisruptionBudget"], document }];
  }
  if (matching.length === 0) {
    const message = `no PodDisruptionBudget matches the pods of ${id.name}`;
    return [{ verdict: "fail", path: PATH, message, document }];
  }
  return matching.map(({ budget, spec }): WorldFinding => {
    const message = `a drain may take all pods of ${id.name} at once, since ${saidBy(spec)}`;
    return { verdict: "fail", path: "spec", message, document: budget.document };
  });
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
