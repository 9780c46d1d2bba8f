import { join } from "node:path";
import type { RepoFile } from "../../gitops/templates";
import { print, say } from "../terminal/say";
import { UserError } from "../terminal/user-error";
import { textInside, writeAll } from "./files";

/** What shall be in a directory. */
export interface Plan {
  /** May be there only as they are. */
  fresh: RepoFile[];
  /** With what was there in them. */
  edited?: RepoFile[];
  /** What could not be added to a file, and why. */
  toDo?: { file: string; add: string; why: string }[];
  /** What a person does then. */
  next: string[];
}

/** What came of it, with paths inside the directory. */
export interface Written {
  written: string[];
  /** Files that something was added to. */
  changed: string[];
  unchanged: string[];
  /** What could not be added by itself: the lines that a person writes there, and why. */
  toDo: { file: string; add: string; why: string }[];
}

/** Writes what is not there, or nothing where something else is. */
export function write(
  directory: string,
  { fresh, edited = [], toDo = [], next }: Plan,
  json: boolean | undefined,
): void {
  const before = new Map([...fresh, ...edited].map(({ path }) => [path, textInside(directory, path)]));
  const taken = fresh.filter(({ path, content }) => ![undefined, content].includes(before.get(path)));
  if (taken.length > 0) {
    throw new UserError(
      `nothing was written: ${directory} has these files already, and they are not what would be written:\n` +
        `${taken.map(({ path }) => `  ${path}`).join("\n")}\nMove them away, or choose another directory, stack or name.`,
    );
  }
  const changes = [...fresh, ...edited].filter(({ path, content }) => before.get(path) !== content);
  writeAll(directory, changes);
  const written = changes.filter(({ path }) => before.get(path) === undefined).map(({ path }) => path);
  const changed = changes.filter(({ path }) => before.get(path) !== undefined).map(({ path }) => path);
  const unchanged = [...before.keys()].filter((path) => !changes.some((file) => file.path === path));
  const came: Written = { written, changed, unchanged, toDo };
  if (json) print(JSON.stringify(came, null, 2));
  else
    for (const path of [...written, ...changed])
      print(`${written.includes(path) ? "wrote  " : "changed"} ${join(directory, path)}`);
  if (changes.length === 0) say(`Nothing to do: all ${unchanged.length} files are there already.`);
  for (const { file, add, why } of toDo)
    say(`${join(directory, file)} was left as it is, for ${why}. Write there:\n${add.trimEnd()}`);
  for (const line of next) say(line);
}
