import { existsSync, readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { KUSTOMIZATION, nameOf, readText } from "./files";
import { parse } from "./parse";
import type { Note } from "./report";

/** Builds a kustomization. @throws Error with what kustomize said */
export type Build = (directory: string) => string;

interface Kustomization {
  directory: string;
  file: string;
  component: boolean;
  /** Directories of other kustomizations that it takes in. */
  uses: string[];
  fault?: Note;
  /** Manifests and patches that it takes in, wherever they lie. */
  takes: string[];
  /** Every text in it, by which its own files are known. */
  texts: Set<string>;
}

export interface Built {
  /** File name of the kustomization, and what it builds. */
  built: { file: string; directory: string; text: string }[];
  /** Manifests and patches that are judged by what is built of them. */
  taken: string[];
  passedOver: Note[];
  unread: Note[];
}

/** Builds every kustomization that no other one takes in. @param build undefined where there is no kustomize */
export function buildAll(directories: readonly string[], build: Build | undefined): Built {
  const result: Built = { built: [], taken: [], passedOver: [], unread: [] };
  const all = directories.map(readKustomization);
  const parts = partsOf(all);
  for (const one of all) {
    const { file, component } = one;
    const pass = (reason: string) => result.passedOver.push({ file: nameOf(file), line: null, reason });
    result.passedOver.push(...leftOut(one));
    if (parts.has(one)) pass("a part of another kustomization here, and judged with it");
    else if (component) pass("a component, which nothing here takes in: it builds no objects by itself");
    else {
      const fault = faultIn(one, all);
      if (fault) result.unread.push(fault);
      else run(one, build, result);
    }
    if (parts.has(one) || !component) result.taken.push(...one.takes);
  }
  return result;
}

/** What is built with another one. What only a circle, or a component that nothing takes in, uses is built by itself. */
function partsOf(all: readonly Kustomization[]): Set<Kustomization> {
  const byDirectory = new Map(all.map((one) => [resolve(one.directory), one]));
  const used = new Set(all.flatMap(({ uses }) => uses));
  const whole = all.filter(({ component }) => !component);
  const seen = new Set<Kustomization>();
  const parts = new Set<Kustomization>();
  const takeIn = (one: Kustomization): void => {
    seen.add(one);
    for (const path of one.uses) {
      const part = byDirectory.get(path);
      if (part === undefined || seen.has(part)) continue;
      parts.add(part);
      takeIn(part);
    }
  };
  for (const root of [...whole.filter(({ directory }) => !used.has(resolve(directory))), ...whole]) {
    if (!seen.has(root)) takeIn(root);
  }
  return parts;
}

function run({ directory, file }: Kustomization, build: Build | undefined, result: Built): void {
  const refuse = (reason: string) => result.unread.push({ file: nameOf(file), line: null, reason });
  if (build === undefined) {
    refuse("building it needs kubectl or kustomize: install one, or give the output of `kustomize build` instead");
    return;
  }
  try {
    result.built.push({ file, directory, text: build(directory) });
  } catch (error) {
    refuse(`kustomize could not build it: ${(error as Error).message.trim().split("\n").slice(0, 3).join(" ")}`);
  }
}

function readKustomization(directory: string): Kustomization {
  const file = join(directory, KUSTOMIZATION.find((name) => existsSync(join(directory, name))) ?? "");
  const one: Kustomization = { directory, file, component: false, uses: [], takes: [], texts: new Set() };
  const read = contentOf(file);
  if ("fault" in read) return { ...one, ...read };
  const { content } = read;
  one.component = content.kind === "Component";
  collectTexts(content, one.texts);
  const foreign = (field: string, entry: string) => {
    const reason = `${field}: ${entry} is not in this repository; what is fetched from elsewhere is not judged`;
    one.fault ??= { file: nameOf(file), line: null, reason };
  };
  for (const field of ["resources", "bases", "components", "generators", "transformers", "validators"]) {
    for (const entry of textsAt(content, field)) {
      if (entry.includes("\n")) continue;
      const path = resolve(directory, entry);
      // kustomize would go and fetch it.
      if (REMOTE.test(entry) || !existsSync(path)) foreign(field, entry);
      else if (statSync(path).isDirectory()) one.uses.push(path);
      else one.takes.push(join(directory, entry));
    }
  }
  for (const [field, ...more] of FILES) {
    for (const entry of textsAt(content, field, ...more)) {
      if (REMOTE.test(entry) || REMOTE.test(entry.replace(/^[^=]*=/, ""))) foreign([field, ...more].join("."), entry);
      else if (field.startsWith("patches") && !entry.includes("\n")) one.takes.push(join(directory, entry));
    }
  }
  for (const field of ["helmCharts", "helmChartInflationGenerator"]) {
    if (field in content)
      one.fault ??= { file: nameOf(file), line: null, reason: `${field}: charts are not rendered here` };
  }
  return one;
}

/** What kustomize fetches, even where a directory of this name is in the repository. */
const REMOTE = /^(?:git::|gh:|[a-z][a-z0-9+.-]*:\/\/|[a-z][a-z0-9-]*@[^/]+[:/]|(?:www\.)?github\.com[/:])/i;

/** Where a kustomization names files beside its resources: kustomize gets them by HTTP if they are URLs. */
const FILES: readonly (readonly [string, ...string[]])[] = [
  ["patches", "path"],
  ["patchesJson6902", "path"],
  ["patchesStrategicMerge"],
  ["replacements", "path"],
  ["configMapGenerator", "files"],
  ["configMapGenerator", "envs"],
  ["configMapGenerator", "env"],
  ["secretGenerator", "files"],
  ["secretGenerator", "envs"],
  ["secretGenerator", "env"],
  ["configurations"],
  ["crds"],
  ["openapi", "path"],
];

/** The texts at a path, through lists. */
function textsAt(value: unknown, ...path: readonly string[]): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => textsAt(item, ...path));
  const [key, ...rest] = path;
  if (key === undefined) return typeof value === "string" ? [value] : [];
  const held = value !== null && typeof value === "object" ? (value as Record<string, unknown>)[key] : undefined;
  return textsAt(held, ...rest);
}

function contentOf(file: string): { content: Record<string, unknown> } | { fault: Note } {
  const text = readText(file);
  if (typeof text !== "string") return { fault: text };
  const parsed = parse({ file: nameOf(file), text, firstLine: 1 });
  if (!("values" in parsed)) return { fault: "unread" in parsed ? parsed.unread : parsed.passedOver };
  const value = parsed.values[0] ?? {};
  if (typeof value === "object" && !Array.isArray(value)) {
    return { content: value as Record<string, unknown> };
  }
  return { fault: { file: nameOf(file), line: 1, reason: "a kustomization is a map" } };
}

/** Its own fault, or one in a kustomization that it takes in. */
function faultIn(one: Kustomization, all: readonly Kustomization[], seen = new Set<Kustomization>()): Note | undefined {
  if (seen.has(one)) return undefined;
  seen.add(one);
  if (one.fault) return one.fault;
  for (const path of one.uses) {
    // One outside the given paths is read only now.
    const used = all.find(({ directory }) => resolve(directory) === path) ?? readKustomization(path);
    const fault = faultIn(used, all, seen);
    if (fault) return fault;
  }
  return undefined;
}

/** Manifests beside a kustomization that it does not name are not applied. */
function leftOut({ directory, texts, fault }: Kustomization): Note[] {
  if (fault) return [];
  const named = new Set([...texts].map((text) => resolve(directory, text.replace(/^.*=/, ""))));
  return readdirSync(directory)
    .filter((name) => /\.(ya?ml|json)$/.test(name) && !KUSTOMIZATION.includes(name) && !name.startsWith("."))
    .map((name) => join(directory, name))
    .filter((path) => !named.has(resolve(path)))
    .map((path) => ({ file: nameOf(path), line: null, reason: "its kustomization does not name it: not applied" }));
}

function collectTexts(value: unknown, texts: Set<string>): void {
  if (typeof value === "string") texts.add(value);
  else if (value !== null && typeof value === "object")
    for (const item of Object.values(value)) collectTexts(item, texts);
}
