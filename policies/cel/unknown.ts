/**
 * Values that are not known yet, inside data that CEL reads.
 *
 * An unknown is an error with a path: reading one throws `UnknownError`. CEL's own rules for errors then give the
 * three-valued logic for free: `true || unknown` is true, `false && unknown` is false, `all()` with one false item
 * is false whatever the others are, and everything else carries the unknown outwards.
 */

/** Put one of these wherever a value is not known. */
export class Unknown {
  /** What it waits for, where that can be said, e.g. the URN of a resource. */
  constructor(readonly reason?: string) {}
}

export const unknown = new Unknown();

/**
 * An `Error` to everyone who asks, but made without its constructor: that writes down the stack, and several of these
 * are thrown and caught for each object.
 */
export class UnknownError implements Error {
  readonly name = "UnknownError";

  constructor(readonly path: string) {}

  get message(): string {
    return `${this.path || "the object"} is not known yet`;
  }
}
// The library tells errors from values by this.
Object.setPrototypeOf(UnknownError.prototype, Error.prototype);

/** Paths that were read while unknown since the last `startWatch`. Evaluation is synchronous, so one list is enough. */
let touched: string[] = [];

export function startWatch(): void {
  touched = [];
}

export function touchedPaths(): string[] {
  return touched;
}

function refuse(path: string): never {
  if (!touched.includes(path)) touched.push(path);
  throw new UnknownError(path);
}

/** Raises an error that was met earlier; if it was an unknown, that is read once more. */
export function again(error: unknown): never {
  if (error instanceof UnknownError) refuse(error.path);
  throw error;
}

/**
 * Stands for an unknown item of a list. It passes for a map until something reads it, because comprehensions look at
 * the type of an item before they run the predicate, where an error would not be absorbed.
 */
function placeholder(path: string): object {
  const fail = () => refuse(path);
  const stand = new Proxy(
    {},
    {
      get: (_target, key) => (key === "constructor" ? Object : refuse(path)),
      has: fail,
      ownKeys: fail,
      getOwnPropertyDescriptor: fail,
    },
  );
  placeholders.set(stand, path);
  return stand;
}

const placeholders = new WeakMap<object, string>();

/** A list with unknown items: `x in list` and `a + b` see the known items first, then the unknown. */
function withUnknownItems(items: unknown[], unknownPaths: Map<number, string>): unknown[] {
  const known = items.filter((_item, index) => !unknownPaths.has(index));
  const first = [...unknownPaths.values()][0] ?? "";
  Object.defineProperty(items, Symbol.iterator, {
    *value() {
      yield* known;
      refuse(first);
    },
  });
  return items;
}

function listForCel(value: unknown[], path: string): unknown[] {
  const unknownPaths = new Map<number, string>();
  const items = value.map((item, index) => {
    const at = `${path}[${index}]`;
    if (item instanceof Unknown) unknownPaths.set(index, at);
    return toCel(item, at);
  });
  return unknownPaths.size > 0 ? withUnknownItems(items, unknownPaths) : items;
}

const PLAIN_KEY = /^[A-Za-z_][A-Za-z0-9_-]*$/;

/** `spec.containers[0]`, and `metadata.labels["app.kubernetes.io/name"]` where a key is not plain. */
export function joinPath(path: string, key: string): string {
  if (!PLAIN_KEY.test(key)) return `${path}["${key}"]`;
  return path === "" ? key : `${path}.${key}`;
}

function mapForCel(value: object, path: string): object {
  const out: Record<string, unknown> = Object.create(null);
  for (const [key, item] of Object.entries(value)) {
    // Kubernetes reads null as absent in its own kinds.
    if (item === null || item === undefined) continue;
    if (item instanceof Unknown) {
      Object.defineProperty(out, key, { enumerable: true, get: () => refuse(joinPath(path, key)) });
    } else {
      out[key] = toCel(item, joinPath(path, key));
    }
  }
  return out;
}

/**
 * JSON data as CEL sees it: whole numbers are `int` (BigInt), others `double`; null fields are absent; `Unknown`
 * values throw when read. Nothing is shared with the input.
 */
export function toCel(value: unknown, path = ""): unknown {
  if (value instanceof Unknown) return placeholder(path);
  if (typeof value === "number") return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return listForCel(value, path);
  if (value instanceof Date) return value.toISOString();
  if (value !== null && typeof value === "object") return mapForCel(value, path);
  return value;
}

/** One list out of several prepared ones; unknown items stay unknown. */
export function concat(lists: readonly unknown[][]): unknown[] {
  const items = lists.flatMap((list) => Array.from({ length: list.length }, (_none, index) => list[index]));
  const unknownPaths = new Map<number, string>();
  items.forEach((item, index) => {
    const path = placeholders.get(item as object);
    if (path !== undefined) unknownPaths.set(index, path);
  });
  return unknownPaths.size > 0 ? withUnknownItems(items, unknownPaths) : items;
}
