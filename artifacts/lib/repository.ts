import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * Absolute path inside the repository's source tree. Compiled code runs from `dist/`, which holds no scripts or
 * modules, so the root is the nearest folder above that has them.
 */
export function repositoryPath(...parts: string[]): string {
  root ??= findRoot(__dirname);
  return join(root, ...parts);
}

let root: string | undefined;

function findRoot(start: string): string {
  for (let dir = start; dir !== dirname(dir); dir = dirname(dir)) {
    if (existsSync(join(dir, "package.json")) && existsSync(join(dir, "artifacts", "modules"))) return dir;
  }
  throw new Error(`no grunnmur repository above ${start}: run it from a clone, whose artifacts/ it needs`);
}
