import { readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { identity } from "../engine/document";
import { filesIn, nameOf, readBytes, readText } from "./files";
import { type Build, buildAll } from "./kustomize";
import { type Found, type Objects, objectsOf } from "./objects";
import { decode } from "./text";

/** An object with the file that exceptions are looked for beside, and the directory above which none count. */
export type InputObject = Found & { from: string; root: string };

export interface Input extends Omit<Objects, "found"> {
  found: InputObject[];
}

/** Reads all that the paths hold: manifests, kustomizations, previews. */
export function readAll(paths: readonly string[], build: Build | undefined): Input {
  const all: Input = { found: [], passedOver: [], unread: [] };
  for (const root of paths) {
    if (root === "-") readOne("-", process.cwd(), all);
    else readPath(root, build, all);
  }
  return all;
}

function readPath(path: string, build: Build | undefined, all: Input): void {
  const files = filesIn([path]);
  all.passedOver.push(...files.passedOver);
  all.unread.push(...files.unread);
  const root = files.manifests.length === 1 && files.manifests[0] === path ? dirname(path) : path;
  const { built, taken, passedOver, unread } = buildAll(files.kustomizations, build);
  const judgedBuilt = new Set(taken.map((file) => resolve(file)));
  for (const file of files.manifests) if (!judgedBuilt.has(resolve(file))) readOne(file, root, all);
  all.passedOver.push(...passedOver);
  all.unread.push(...unread);
  if (built.length === 0) return;
  const written = new Written([...files.kustomizations.flatMap(filesBeside), ...taken]);
  for (const { file, directory, text } of built) {
    const objects = objectsOf(nameOf(file), text);
    all.passedOver.push(...objects.passedOver);
    all.unread.push(...objects.unread);
    for (const found of objects.found) {
      const origin = written.find(found.object, directory);
      // The build's own line numbers would mean nothing to the reader.
      const { piece: _, ...unplaced } = found;
      all.found.push({
        ...(origin ? { ...origin, object: found.object } : unplaced),
        from: origin?.from ?? file,
        root,
      });
    }
  }
}

function readOne(path: string, root: string, all: Input): void {
  const bytes = readBytes(path);
  const text = bytes instanceof Uint8Array ? decode(nameOf(path), bytes) : bytes;
  if (typeof text !== "string") {
    all.unread.push(text);
    return;
  }
  const objects = objectsOf(nameOf(path), text);
  const from = path === "-" ? `${root}/-` : path;
  for (const found of objects.found) all.found.push({ ...found, from, root });
  all.passedOver.push(...objects.passedOver);
  all.unread.push(...objects.unread);
  if (objects.stack) all.stack = objects.stack;
}

/** Where the objects that kustomize builds are written, by kind and name: it changes what is in them, seldom those. */
class Written {
  private byName: Map<string, (Found & { from: string })[]> | undefined;

  constructor(private readonly files: readonly string[]) {}

  find(object: Record<string, unknown>, below: string): (Found & { from: string }) | undefined {
    this.byName ??= this.read();
    const all = this.byName.get(keyOf(object)) ?? [];
    const found = all.length === 1 ? all : all.filter(({ from }) => from.startsWith(below));
    return found.length === 1 ? found[0] : undefined;
  }

  private read(): Map<string, (Found & { from: string })[]> {
    const byName = new Map<string, (Found & { from: string })[]>();
    for (const from of new Set(this.files.map((name) => join(name)))) {
      const text = readText(from);
      // What cannot be read, kustomize could not either.
      if (typeof text !== "string") continue;
      for (const found of objectsOf(nameOf(from), text).found) {
        const key = keyOf(found.object);
        byName.set(key, [...(byName.get(key) ?? []), { ...found, from }]);
      }
    }
    return byName;
  }
}

const keyOf = (object: Record<string, unknown>): string => {
  const { group, kind, name } = identity(object);
  return `${group}/${kind} ${name}`;
};

const filesBeside = (directory: string): string[] =>
  readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ya?ml|json)$/.test(entry.name))
    .map(({ name }) => join(directory, name));
