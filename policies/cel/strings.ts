/**
 * CEL's string extensions (cel-go ext.Strings, version 2, as Kubernetes 1.36 has it). Positions count code points,
 * and case functions touch ASCII only, unlike JavaScript's own.
 */

/** Code points, or the string itself where UTF-16 positions are the same. */
function points(text: string): string[] | string {
  return /[\ud800-\udfff]/.test(text) ? [...text] : text;
}

const joined = (part: string[] | string): string => (typeof part === "string" ? part : part.join(""));

export class IndexError extends Error {
  constructor(index: bigint | number, length: number) {
    super(`index out of range: ${index}, the text has ${length} characters`);
    this.name = "IndexError";
  }
}

export const lowerAscii = (text: string): string => text.replace(/[A-Z]/g, (c) => c.toLowerCase());
export const upperAscii = (text: string): string => text.replace(/[a-z]/g, (c) => c.toUpperCase());

const SPACE = "[\\t-\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+";
const ENDS = new RegExp(`^${SPACE}|${SPACE}$`, "g");
export const trim = (text: string): string => text.replace(ENDS, "");

export function charAt(text: string, index: bigint): string {
  const all = points(text);
  const at = Number(index);
  if (at < 0 || at > all.length) throw new IndexError(index, all.length);
  return all[at] ?? "";
}

function matchesAt(all: string[] | string, part: string[] | string, at: number): boolean {
  for (let i = 0; i < part.length; i++) if (all[at + i] !== part[i]) return false;
  return true;
}

export function indexOf(text: string, part: string, from = 0n): bigint {
  if (part === "") return from;
  const all = points(text);
  const wanted = points(part);
  if (from < 0n) throw new IndexError(from, all.length);
  for (let i = Number(from); i <= all.length - wanted.length; i++) if (matchesAt(all, wanted, i)) return BigInt(i);
  return -1n;
}

export function lastIndexOf(text: string, part: string, from?: bigint): bigint {
  const all = points(text);
  if (part === "") return from ?? BigInt(all.length);
  if (from !== undefined && from < 0n) throw new IndexError(from, all.length);
  if (from !== undefined && Number(from) >= all.length) return -1n;
  const wanted = points(part);
  const last = all.length - wanted.length;
  for (let i = Math.min(last, from === undefined ? last : Number(from)); i >= 0; i--) {
    if (matchesAt(all, wanted, i)) return BigInt(i);
  }
  return -1n;
}

export function substring(text: string, start: bigint, end?: bigint): string {
  const all = points(text);
  const to = end === undefined ? all.length : Number(end);
  const from = Number(start);
  if (from < 0 || from > all.length) throw new IndexError(start, all.length);
  if (to < from || to > all.length) throw new IndexError(end ?? start, all.length);
  return joined(all.slice(from, to));
}

export function split(text: string, separator: string, limit = -1n): string[] {
  if (limit === 0n) return [];
  const all = separator === "" ? [...text] : text.split(separator);
  const most = Number(limit);
  if (most < 0 || all.length <= most) return all;
  return [...all.slice(0, most - 1), all.slice(most - 1).join(separator)];
}

export function replace(text: string, old: string, by: string, limit = -1n): string {
  const most = limit < 0n ? Number.POSITIVE_INFINITY : Number(limit);
  if (most === 0) return text;
  if (old !== "") {
    const parts = text.split(old);
    const done = Math.min(most, parts.length - 1);
    return [parts.slice(0, done + 1).join(by), ...parts.slice(done + 1)].join(old);
  }
  const chars = [...text];
  const between = chars.map((char, index) => (index < most ? by + char : char)).join("");
  return chars.length < most ? between + by : between;
}

export class FormatError extends Error {}

/** Printf-style formatting with the verbs that the profile allows: `%s %d %f %x %X %o %b %%`. */
export function format(text: string, args: readonly unknown[]): string {
  let next = 0;
  return text.replace(/%(?:\.([0-9]+))?(.|$)/gs, (whole, precision: string | undefined, verb: string) => {
    if (verb === "%") return "%";
    if (next >= args.length) throw new FormatError(`${whole} has no argument: ${args.length} were given`);
    return formatOne(verb, args[next++], precision);
  });
}

function formatOne(verb: string, value: unknown, precision: string | undefined): string {
  const whole = typeof value === "bigint";
  if (verb === "s") return formatString(value);
  if (verb === "d" && whole) return `${value}`;
  if (verb === "f" && typeof value === "number") return fixed(value, precision === undefined ? 6 : Number(precision));
  if (verb === "x" && typeof value === "string") return Buffer.from(value).toString("hex");
  if (verb === "X" && typeof value === "string") return Buffer.from(value).toString("hex").toUpperCase();
  if (verb === "x" && whole) return value.toString(16);
  if (verb === "X" && whole) return value.toString(16).toUpperCase();
  if (verb === "o" && whole) return value.toString(8);
  if (verb === "b" && whole) return value.toString(2);
  if (verb === "b" && typeof value === "boolean") return value ? "1" : "0";
  throw new FormatError(`%${verb} cannot show a ${typeof value}; allowed: %s %d %f %x %X %o %b %%`);
}

/** JavaScript rounds an exact half up, Go to the even digit. */
function fixed(value: number, places: number): string {
  const text = value.toFixed(places);
  const exact = value.toFixed(100);
  const tail = exact.slice(exact.indexOf(".") + 1 + places);
  const odd = /[13579]$/.test(text);
  return /^50*$/.test(tail) && odd ? exact.slice(0, exact.length - tail.length).replace(/\.$/, "") : text;
}

function formatString(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return `[${value.map(formatNested).join(", ")}]`;
  if (typeof value === "object") {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${formatNested(item)}`).join(", ")}}`;
  }
  return `${value}`;
}

const formatNested = (value: unknown): string =>
  typeof value === "string" ? JSON.stringify(value) : formatString(value);
