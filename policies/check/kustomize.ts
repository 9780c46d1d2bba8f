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
  /** Every text in it, by which its own files are known. */
  texts: Set<string>;
}

export interface Built {
  /** File name of the kustomization, and what it builds. */
  built: { file: string; directory: string; text: string }[];
  passedOver: Note[];
  unread: Note[];
}

/** Builds every kustomization that no other one takes in. @param build undefined where there is no kustomize */
export function buildAll(directories: readonly string[], build: Build | undefined): Built {
  const result: Built = { built: [], passedOver: [], unread: [] };
  const all = directories.map(readKustomization);
  const used = new Set(all.flatMap(({ uses }) => uses));
  for (const one of all) {
    const { directory, file, component } = one;
    const pass = (reason: string) => result.passedOver.push({ file: nameOf(file), line: null, reason });
    result.passedOver.push(...leftOut(one));
    if (used.has(resolve(directory))) pass("a part of another kustomization here, and judged with it");
    else if (component) pass("a component, which nothing here takes in: it builds no objects by itself");
    else {
      const fault = faultIn(one, all);
      if (fault) result.unread.push(fault);
      else run(one, build, result);
    }
  }
  return result;
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
  const one: Kustomization = { directory, file, component: false, uses: [], texts: new Set() };
  const read = contentOf(file);
  if ("fault" in read) return { ...one, ...read };
  const { content } = read;
  one.component = content.kind === "Component";
  collectTexts(content, one.texts);
  for (const field of ["resources", "bases", "components", "generators", "transformers", "validators"]) {
    const entries = content[field];
    for (const entry of Array.isArray(entries) ? entries : []) {
      if (typeof entry !== "string" || entry.includes("\n")) continue;
      const path = resolve(directory, entry);
      if (!existsSync(path)) {
        // kustomize would go and fetch it.
        const reason = `${field}: ${entry} is not in this repository; what is fetched from elsewhere is not judged`;
        one.fault ??= { file: nameOf(file), line: null, reason };
      } else if (statSync(path).isDirectory()) one.uses.push(path);
    }
  }
  for (const field of ["helmCharts", "helmChartInflationGenerator"]) {
    if (field in content)
      one.fault ??= { file: nameOf(file), line: null, reason: `${field}: charts are not rendered here` };
  }
  return one;
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
    .filter((name) => /\.ya?ml$/.test(name) && !KUSTOMIZATION.includes(name) && !name.startsWith("."))
    .map((name) => join(directory, name))
    .filter((path) => !named.has(resolve(path)))
    .map((path) => ({ file: nameOf(path), line: null, reason: "its kustomization does not name it: not applied" }));
}

function collectTexts(value: unknown, texts: Set<string>): void {
  if (typeof value === "string") texts.add(value);
  else if (value !== null && typeof value === "object")
    for (const item of Object.values(value)) collectTexts(item, texts);
}
