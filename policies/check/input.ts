import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { nameOf, repositoryOf } from "./paths";
import type { Reader } from "./reader";
import type { Note } from "./report";
import { type Input, Repository } from "./repository";

/** Reads all that the paths hold: manifests, kustomizations, previews. @param cache a directory for what was built */
export function readAll(paths: readonly string[], reader: Reader, cache?: string): Input {
  const all: Input = { found: [], passedOver: [], unread: [] };
  for (const path of paths) {
    if (path === "-") readStandardInput(reader, all);
    else readPath(path, reader, cache, all);
  }
  return all;
}

function readPath(path: string, reader: Reader, cache: string | undefined, all: Input): void {
  const given = resolve(path);
  let directory: string;
  try {
    directory = statSync(given).isDirectory() ? given : dirname(given);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    const reason = missing ? "there is no such file or directory" : (error as Error).message;
    all.unread.push({ file: nameOf(path), line: null, reason });
    return;
  }
  add(all, new Repository(repositoryOf(directory), given, reader, cache).read());
}

/** What stands in a pipe has no place of its own: the working directory's exceptions hold for it. */
function readStandardInput(reader: Reader, all: Input): void {
  const directory = mkdtempSync(join(tmpdir(), "grunnmur-check-"));
  try {
    const file = join(directory, "-");
    writeFileSync(file, readFileSync(0), { mode: 0o600 });
    const input = new Repository(directory, file, reader, undefined).read();
    const name = "standard input";
    const note = (one: Note): Note => ({ ...one, file: name });
    add(all, {
      ...input,
      found: input.found.map((found) => ({
        ...found,
        file: name,
        from: resolve("-"),
        root: process.cwd(),
        candidates: [],
      })),
      passedOver: input.passedOver.map(note),
      unread: input.unread.map(note),
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function add(all: Input, more: Input): void {
  all.found.push(...more.found);
  all.passedOver.push(...more.passedOver);
  all.unread.push(...more.unread);
  if (more.stack) all.stack = more.stack;
}
