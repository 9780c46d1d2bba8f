import { createHash } from "node:crypto";
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";

/**
 * The key of an artifact: everything that its content follows from. Same key, same thing, so nothing is made twice.
 * @param parts any JSON values (versions, flags, the keys of what it is made from)
 * @param files absolute paths of files or folders whose names, modes and content count; a missing one counts as missing
 * @returns 16 hex digits
 */
export function keyOf(parts: unknown, files: readonly string[]): string {
  const hash = createHash("sha256").update(JSON.stringify(parts));
  for (const file of files) addFile(hash, file, "");
  return hash.digest("hex").slice(0, 16);
}

function addFile(hash: ReturnType<typeof createHash>, path: string, name: string): void {
  if (!existsSync(path)) {
    hash.update(`missing ${name}\0`);
    return;
  }
  const stat = lstatSync(path);
  if (stat.isDirectory()) {
    for (const child of readdirSync(path).sort()) addFile(hash, join(path, child), `${name}/${child}`);
    return;
  }
  // A tracked file keeps only its executable bit in Git, so only that may count.
  const executable = (stat.mode & 0o100) !== 0;
  const content = stat.isSymbolicLink() ? readlinkSync(path) : readFileSync(path);
  hash.update(`file ${name} ${executable} ${content.length}\0`).update(content);
}
