import { readFileSync, statSync } from "node:fs";
import { CORE_SCHEMA, load, YAMLException } from "js-yaml";
import { nameOf } from "./paths";
import type { Note } from "./report";

const MAX_BYTES = 2 ** 20;

/** A file of grunnmur's own, such as the one of exceptions: its value and text, or why there is none. */
export function readOwnFile(path: string): { value: unknown; text: string } | Note {
  const file = nameOf(path);
  try {
    const stat = statSync(path);
    // A repository can make it a link to something that never ends.
    if (!stat.isFile()) return { file, line: null, reason: "it is not a file" };
    if (stat.size > MAX_BYTES) return { file, line: null, reason: "the file has more than 1 MiB" };
    const text = readFileSync(path, "utf8");
    return { value: load(text, { schema: CORE_SCHEMA, maxDepth: 20, maxAliases: 0 }), text };
  } catch (error) {
    if (!(error instanceof YAMLException)) return { file, line: null, reason: (error as Error).message };
    return { file, line: (error.mark?.line ?? 0) + 1, reason: `not readable as YAML: ${error.reason}` };
  }
}
