import { concat, joinPath, UnknownError } from "../cel/unknown";
import type { Identity } from "./document";
import type { NamedList } from "./rule";

/** Where each kind keeps its pod spec. */
export const POD_SPEC_PATHS: ReadonlyMap<string, readonly string[]> = new Map([
  ["/Pod", ["spec"]],
  ["/ReplicationController", ["spec", "template", "spec"]],
  ["/PodTemplate", ["template", "spec"]],
  ["apps/Deployment", ["spec", "template", "spec"]],
  ["apps/StatefulSet", ["spec", "template", "spec"]],
  ["apps/DaemonSet", ["spec", "template", "spec"]],
  ["apps/ReplicaSet", ["spec", "template", "spec"]],
  ["batch/Job", ["spec", "template", "spec"]],
  ["batch/CronJob", ["spec", "jobTemplate", "spec", "template", "spec"]],
]);

export const podSpecPath = (id: Pick<Identity, "group" | "kind">): readonly string[] | undefined =>
  POD_SPEC_PATHS.get(`${id.group}/${id.kind}`);

/** The fields of a pod spec that make up each named list, and the name of one item. */
export const LISTS: Record<NamedList, { fields: readonly string[]; item: string }> = {
  containers: { fields: ["containers", "initContainers"], item: "container" },
  images: { fields: ["containers", "initContainers", "ephemeralContainers"], item: "container" },
  volumes: { fields: ["volumes"], item: "volume" },
};

/** The same in CEL, for the API server. `dyn()` keeps its type checker from asking every kind for every field. */
export const PRELUDE: Record<"podSpec" | NamedList, string> = {
  podSpec: [
    "object.kind == 'Pod' ? dyn(object).?spec.orValue({})",
    "object.kind == 'PodTemplate' ? dyn(object).?template.?spec.orValue({})",
    "object.kind == 'CronJob' ? dyn(object).?spec.?jobTemplate.?spec.?template.?spec.orValue({})",
    "dyn(object).?spec.?template.?spec.orValue({})",
  ].join(" : "),
  containers: inCel("containers"),
  images: inCel("images"),
  volumes: inCel("volumes"),
};

function inCel(list: NamedList): string {
  return LISTS[list].fields.map((field) => `variables.podSpec.?${field}.orValue([])`).join(" + ");
}

/** One item of a list, or the path of what is not known. */
export type Item = { value: unknown; path: string } | { unknownAt: string };

/** Reads a prepared (see `toCel`) value at a path; `undefined` where it is absent. @throws UnknownError */
function read(value: unknown, path: readonly string[]): unknown {
  let here = value;
  for (const key of path) {
    if (here === null || typeof here !== "object" || !Object.hasOwn(here, key)) return undefined;
    here = (here as Record<string, unknown>)[key];
  }
  return here;
}

export function podSpecOf(object: unknown, path: readonly string[]): unknown {
  return read(object, path) ?? Object.create(null);
}

/** A named list as one array, for `variables`. @throws UnknownError */
export function listOf(podSpec: unknown, list: NamedList): unknown[] {
  return concat(LISTS[list].fields.map((field) => asList(read(podSpec, [field]))));
}

const asList = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** The items one by one, so that an unknown list does not hide a known bad item in the next. */
export function itemsOf(podSpec: () => unknown, list: NamedList, specPath: string): Item[] {
  return LISTS[list].fields.flatMap((field) => {
    const path = joinPath(specPath, field);
    return guarded(() =>
      asList(read(podSpec(), [field])).map((value, index) => ({ value, path: `${path}[${index}]` })),
    );
  });
}

/** Turns "not known" into an item of its own. */
export function guarded(items: () => Item[]): Item[] {
  try {
    return items();
  } catch (error) {
    if (error instanceof UnknownError) return [{ unknownAt: error.path }];
    throw error;
  }
}
