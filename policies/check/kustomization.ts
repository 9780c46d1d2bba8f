import { join, resolve } from "node:path";
import type { FileRead } from "./reader";

/** What the repository's own kustomization says of the files around it. */
export interface Kustomization {
  directory: string;
  file: string;
  component: boolean;
  /** Directories of other kustomizations that it takes in. */
  uses: string[];
  /** Files that it names as patches. */
  patches: string[];
  /** Its changes of images. */
  images: { name: string; newName?: string; newTag?: string; digest?: string }[];
  /** Every text in it, by which its own files are known. */
  named: Set<string>;
  fault?: { line: number | null; reason: string };
}

export const KUSTOMIZATION_FILES = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/** @param read the files of its directory */
export function kustomizationIn(directory: string, files: ReadonlyMap<string, FileRead>): Kustomization {
  const read = KUSTOMIZATION_FILES.map((name) => files.get(join(directory, name))).find((file) => file !== undefined);
  const file = read?.path ?? join(directory, "kustomization.yaml");
  const one: Kustomization = {
    ...{ directory, file, component: false, uses: [], patches: [], images: [], named: new Set() },
  };
  const [fault] = read?.faults ?? [{ reason: "it could not be read" }];
  if (fault) return { ...one, fault: { line: fault.line || null, reason: fault.reason } };
  const value = read?.documents[0]?.value ?? {};
  if (typeof value !== "object" || Array.isArray(value)) {
    return { ...one, fault: { line: 1, reason: "a kustomization is a map" } };
  }
  const content = value as Record<string, unknown>;
  one.component = content.kind === "Component";
  for (const text of allTexts(content)) one.named.add(resolve(directory, text.replace(/^.*=/, "")));
  const below = (text: string) => resolve(directory, text);
  one.uses = ["resources", "bases", "components"].flatMap((field) => textsAt(content, field)).map(below);
  one.patches = [
    ...textsAt(content, "patches", "path"),
    ...textsAt(content, "patchesJson6902", "path"),
    ...textsAt(content, "patchesStrategicMerge"),
  ]
    .filter((text) => !text.includes("\n"))
    .map(below);
  one.images = (Array.isArray(content.images) ? content.images : []) as Kustomization["images"];
  const charts = ["helmCharts", "helmChartInflationGenerator"].find((field) => field in content);
  if (charts) one.fault = { line: null, reason: `${charts}: charts are not rendered here, nor by the agent` };
  return one;
}

/** What is built with another one. What only a circle, or a component that nothing takes in, uses is built by itself. */
export function partsOf(all: readonly Kustomization[]): Set<Kustomization> {
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

/** The texts at a path, through lists. */
function textsAt(value: unknown, ...path: readonly string[]): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => textsAt(item, ...path));
  const [key, ...rest] = path;
  if (key === undefined) return typeof value === "string" ? [value] : [];
  const held = value !== null && typeof value === "object" ? (value as Record<string, unknown>)[key] : undefined;
  return textsAt(held, ...rest);
}

function allTexts(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return value !== null && typeof value === "object" ? Object.values(value).flatMap(allTexts) : [];
}
