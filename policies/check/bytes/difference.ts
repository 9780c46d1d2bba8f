import { mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { objectsOf } from "../objects";
import type { Reader } from "../reader";
import { type Cluster, type Fields, forEach } from "./cluster";

export interface Sum {
  /** Files of which all is judged. */
  read: number;
  /** Files that make the exit code 2. */
  faulted: number;
  /** Objects that the cluster's programs made of the files that were read. */
  applied: number;
  built: number;
  missing: Missing[];
}

/** An object that the cluster makes of a file, and that would not be judged. */
export interface Missing {
  file: string;
  by: "kubectl" | "kustomize";
  object: Fields;
}

/** Reads files with the reader and with the cluster's programs. */
export async function compare(
  files: readonly { name: string; content: Uint8Array }[],
  reader: Reader,
  cluster: Cluster,
  directory: string,
): Promise<Sum> {
  mkdirSync(directory);
  for (const { name, content } of files) writeFileSync(join(directory, name), content);
  const judged = new Map<string, Set<string>>();
  const sum: Sum = { read: 0, faulted: 0, applied: 0, built: 0, missing: [] };
  const answer = reader.read({ root: directory, paths: [directory] });
  for (const { path, documents, faults } of answer.files) {
    const { found, unread } = objectsOf(path, documents);
    if (faults.length > 0 || unread.length > 0) sum.faulted++;
    else judged.set(path, new Set(found.map(({ object }) => canonical(whole(object)))));
  }
  sum.read = judged.size;
  if (sum.read + sum.faulted !== files.length) throw new Error(`the reader left out a file of ${directory}`);
  await forEach(["kubectl", "kustomize"] as const, async (by) => {
    const make = (some: readonly string[]) => (by === "kubectl" ? cluster.applied(some) : cluster.built(some));
    const made = await make([...judged.keys()]);
    sum[by === "kubectl" ? "applied" : "built"] = made.length;
    // Names and images tell apart what comes from different files, so all can be looked for at once.
    const all = new Set([...judged.values()].flatMap((objects) => [...objects]));
    if (unjudged(made, all).length === 0) return;
    for (const [file, objects] of judged) {
      for (const object of unjudged(await make([file]), objects))
        sum.missing.push({ file: basename(file), by, object });
    }
  });
  return sum;
}

/** What is not there, of what an API server would take for an object. */
function unjudged(made: readonly Fields[], judged: Set<string>): Fields[] {
  return made.filter((object) => {
    const { apiVersion, kind } = object;
    const { name, generateName } = (object.metadata ?? {}) as Fields;
    if (!name && !generateName) return false;
    const isObject = typeof apiVersion === "string" && apiVersion !== "" && typeof kind === "string" && kind !== "";
    return isObject && !judged.has(canonical(whole(object)));
  });
}

/** kustomize gives metadata to what has none. */
const whole = (object: Fields): Fields => ({ ...object, metadata: object.metadata ?? {} });

/** One text for values that are the same. */
function canonical(value: unknown): string {
  const sorted = (_: string, inner: unknown) => {
    if (inner === null || typeof inner !== "object" || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  };
  // Go has no halves of characters beyond the first plane, which JSON can write.
  return JSON.stringify(JSON.parse(JSON.stringify(value).replace(/\\ud[89a-f]../gi, "\\ufffd")), sorted);
}
