import { Unknown } from "../cel/unknown";
import type { WorldFinding } from "../engine/verdict";
import { get } from "./read";
import type { World } from "./world";

/** Entries of a register that end on a day: who answers for what, on which basis (GDPR Art. 30). */

/** A dated entry, and where it stands, e.g. `destinations[0]`. */
export interface Entry {
  value: Record<string, unknown>;
  path: string;
  /** How messages call it. */
  name: string;
}

export function entriesOf(list: unknown, path: string, nameKey: string): Entry[] {
  if (!Array.isArray(list)) return [];
  return list.map((value: unknown, index) => {
    const name = get(value, nameKey);
    return {
      value: (value ?? {}) as Record<string, unknown>,
      path: `${path}[${index}]`,
      name: typeof name === "string" ? name : `entry ${index + 1}`,
    };
  });
}

/** Texts that are missing or empty. */
export function gaps(entry: Entry, keys: readonly string[]): WorldFinding[] {
  return keys.flatMap((key): WorldFinding[] => {
    const value = get(entry.value, key);
    const path = `${entry.path}.${key}`;
    if (value instanceof Unknown) return [waiting(path)];
    if (typeof value === "string" && value.trim() !== "") return [];
    return [failing(path, `the entry for ${entry.name} has no ${key}`)];
  });
}

/** @throws Error if the run was given no day: an expiry date without one would pass for ever */
export function expired(entry: Entry, { today }: Pick<World, "today">): WorldFinding[] {
  if (!DAY.test(today)) throw new Error(`today is ${JSON.stringify(today)}; allowed is a day such as 2026-11-23`);
  const expires = get(entry.value, "expires");
  const path = `${entry.path}.expires`;
  // What is absent or not known is a gap, and said there.
  if (typeof expires !== "string" || expires === "") return [];
  if (!DAY.test(expires)) return [failing(path, `${expires} is no day; allowed is one such as "2027-06-30"`)];
  if (expires >= today) return [];
  return [failing(path, `the entry for ${entry.name} ended on ${expires}, and today is ${today}`)];
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;

export const failing = (path: string, message: string): WorldFinding => ({ verdict: "fail", path, message });

export const waiting = (path: string): WorldFinding => ({
  verdict: "undetermined",
  path,
  message: `cannot be decided before ${path} is known`,
  waitsFor: [path],
});
