/** CEL's `==` and `in`. Reading an unknown throws, so a comparison never decides what it cannot know. */

const TOUCH = Symbol("touch");

/** A map's fields throw by themselves; an unknown item of a list is a stand-in that throws when it is read. */
function known(value: unknown): unknown {
  if (typeof value === "object" && value !== null) void (value as Record<symbol, unknown>)[TOUCH];
  return value;
}

export const isNumber = (value: unknown): value is bigint | number =>
  typeof value === "bigint" || typeof value === "number";

const isEquatable = (value: object): value is { equals(other: unknown): boolean } =>
  "equals" in value && typeof value.equals === "function";

/** Numbers are equal across types; values of other different types are unequal, never an error. */
export function equal(left: unknown, right: unknown): boolean {
  const [a, b] = [known(left), known(right)];
  if (a === b) return true;
  // biome-ignore lint/suspicious/noDoubleEquals: 1 == 1.0 holds in CEL, and JavaScript agrees for bigint and number
  if (isNumber(a) && isNumber(b)) return a == b;
  if (a === null || b === null || typeof a !== "object" || typeof b !== "object") return false;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => equal(item, b[i]));
  if (Array.isArray(a) || Array.isArray(b)) return false;
  if (isEquatable(a)) return a.constructor === b.constructor && a.equals(b);
  return equalMaps(entries(a), entries(b));
}

const entries = (map: object): Map<unknown, unknown> => (map instanceof Map ? map : new Map(Object.entries(map)));

function equalMaps(a: Map<unknown, unknown>, b: Map<unknown, unknown>): boolean {
  if (a.size !== b.size) return false;
  for (const [key, value] of a) if (!b.has(key) || !equal(value, b.get(key))) return false;
  return true;
}

/** `x in list` and `key in map`. Known items are asked first, so an unknown one matters only if they do not decide. */
export function contains(item: unknown, collection: unknown): boolean {
  known(item);
  if (Array.isArray(collection)) {
    for (const other of collection) if (equal(item, other)) return true;
    return false;
  }
  if (collection instanceof Map) return collection.has(item);
  if (typeof known(collection) !== "object" || collection === null) {
    throw new TypeError("no such overload: `in` wants a list or a map");
  }
  const map = collection as Record<string, unknown>;
  return typeof item === "string" && Object.hasOwn(map, item) && map[item] !== undefined;
}
