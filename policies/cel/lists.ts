import type { Environment } from "@marcbachmann/cel-js";
import { equal, isNumber } from "./equality";

/** CEL's `sets` library and Kubernetes' list functions. Elements are compared as CEL's `==` compares them. */

/** Text, numbers and booleans; a number equals another across types. */
type Scalar = string | number | bigint | boolean;

export class ListError extends Error {}

const within = (item: unknown, list: readonly unknown[]): boolean => list.some((other) => equal(item, other));

/** Spread first, so that a list with unknown items says so. */
const subset = (part: readonly unknown[], whole: readonly unknown[]): boolean => {
  const all = [...whole];
  return [...part].every((item) => within(item, all));
};

function compare(a: unknown, b: unknown): number {
  const comparable = (isNumber(a) && isNumber(b)) || (typeof a === typeof b && /string|boolean/.test(typeof a));
  if (!comparable) throw new ListError(`no such overload: ${typeof a} and ${typeof b} cannot be compared`);
  return (a as Scalar) < (b as Scalar) ? -1 : (a as Scalar) > (b as Scalar) ? 1 : 0;
}

export function sum(list: readonly unknown[]): bigint | number {
  const items = [...list];
  if (items.every((item): item is bigint => typeof item === "bigint")) {
    const total = items.reduce((a, b) => a + b, 0n);
    if (BigInt.asIntN(64, total) !== total) throw new ListError("integer overflow");
    return total;
  }
  if (items.every((item): item is number => typeof item === "number")) return items.reduce((a, b) => a + b, 0);
  throw new ListError("no such overload: sum() wants one kind of number");
}

function extreme(name: string, sign: number, list: readonly unknown[]): unknown {
  const [first, ...rest] = [...list];
  if (first === undefined) throw new ListError(`${name} called on empty list`);
  return rest.reduce((best, item) => (compare(item, best) * sign > 0 ? item : best), first);
}

export const isSorted = (list: readonly unknown[]): boolean =>
  [...list].every((item, index, all) => index === 0 || compare(all[index - 1], item) <= 0);

/** The first word of `sets.contains()` and its like. */
class SetsNamespace {}

export function registerLists(env: Environment): void {
  type List = readonly unknown[];
  env
    .registerType("SetsNamespace", SetsNamespace)
    .registerConstant("sets", "SetsNamespace", new SetsNamespace())
    .registerFunction("SetsNamespace.contains(list<dyn>, list<dyn>): bool", (_ns: unknown, a: List, b: List) =>
      subset(b, a),
    )
    .registerFunction(
      "SetsNamespace.equivalent(list<dyn>, list<dyn>): bool",
      (_ns: unknown, a: List, b: List) => subset(a, b) && subset(b, a),
    )
    .registerFunction("SetsNamespace.intersects(list<dyn>, list<dyn>): bool", (_ns: unknown, a: List, b: List) => {
      const all = [...b];
      return [...a].some((item) => within(item, all));
    })
    .registerFunction("list<dyn>.isSorted(): bool", isSorted)
    .registerFunction("list<dyn>.sum(): dyn", sum)
    .registerFunction("list<dyn>.min(): dyn", (list: List) => extreme("min", -1, list))
    .registerFunction("list<dyn>.max(): dyn", (list: List) => extreme("max", 1, list))
    .registerFunction("list<dyn>.k8s_indexOf(dyn): int", (list: List, item: unknown) =>
      BigInt([...list].findIndex((other) => equal(item, other))),
    )
    .registerFunction("list<dyn>.k8s_lastIndexOf(dyn): int", (list: List, item: unknown) =>
      BigInt([...list].findLastIndex((other) => equal(item, other))),
    );
}
