import { concat, joinPath, Unknown, UnknownError } from "../cel/unknown";
import type { Identity } from "./document";
import { BUILT_IN, FOREIGN } from "./pod-specs";
import type { NamedList } from "./rule";

type Kind = Pick<Identity, "group" | "kind">;
export type Path = readonly string[];

const pathsOf = (places: readonly string[]): Path[] => places.map((place) => place.split("."));
const PLACES: ReadonlyMap<string, readonly Path[]> = new Map(
  Object.entries({ ...BUILT_IN, ...FOREIGN }).map(([key, places]) => [key, pathsOf(places)]),
);

/** Where Kubernetes' own kinds keep their pod spec. */
export const POD_SPEC_PATHS: ReadonlyMap<string, Path> = new Map(
  Object.keys(BUILT_IN).map((key) => [key, PLACES.get(key)?.[0] ?? []]),
);

export const podSpecPath = (id: Kind): Path | undefined => POD_SPEC_PATHS.get(`${id.group}/${id.kind}`);

/** Where a kind may keep a pod spec, also one that is not Kubernetes' own; `undefined` for kinds that have none. */
export const podSpecPlaces = (id: Kind): readonly Path[] | undefined => PLACES.get(`${id.group}/${id.kind}`);

/** The groups that have a kind of this name with a pod spec. */
export const groupsWithPodSpec = (kind: string): string[] =>
  [...PLACES.keys()].map((key) => key.split("/")).flatMap(([group = "", name]) => (name === kind ? [group] : []));

/** Where the object keeps its pod spec. Kinds of others may leave it out, and no rule on pod specs is about them then. */
export function podSpecPathIn(id: Kind, object: unknown): Path | undefined {
  return podSpecPath(id) ?? podSpecPlaces(id)?.find((path) => isThere(object, path));
}

/** What is not known yet may be there. */
function isThere(object: unknown, path: Path): boolean {
  let here = object;
  for (const key of path) {
    if (here instanceof Unknown) return true;
    if (here === null || typeof here !== "object" || !Object.hasOwn(here, key)) return false;
    here = (here as Record<string, unknown>)[key];
  }
  return here !== undefined && here !== null;
}

/** The fields of a pod spec that make up each named list, and the name of one item. */
export const LISTS: Record<NamedList, { fields: readonly string[]; item: string }> = {
  containers: { fields: ["containers", "initContainers"], item: "container" },
  images: { fields: ["containers", "initContainers", "ephemeralContainers"], item: "container" },
  volumes: { fields: ["volumes"], item: "volume" },
};

/** The same in CEL, for the API server. `dyn()` keeps its type checker from asking every kind for every field. */
export const PRELUDE: Record<"podSpec" | NamedList, string> = {
  podSpec: byKind(".orValue({})"),
  containers: inCel("containers"),
  images: inCel("images"),
  volumes: inCel("volumes"),
};

/** Whether the object has a pod spec at all, for `matchConditions`. */
export const HAS_POD_SPEC = byKind(".hasValue()");

/** By the kind alone: the policy is asked of no other group that has a kind of that name in another place. */
function byKind(ending: string): string {
  const kinds = new Map<string, string[]>();
  for (const [key, paths] of PLACES) {
    const [first = "", ...more] = paths.map((path) => `dyn(object)${path.map((name) => `.?${name}`).join("")}`);
    const text = first + more.map((other) => `.or(${other})`).join("") + ending;
    const [, kind = ""] = key.split("/");
    kinds.set(text, [...new Set([...(kinds.get(text) ?? []), `'${kind}'`])]);
  }
  const [[usual] = [""], ...others] = [...kinds].sort((a, b) => b[1].length - a[1].length);
  return [...others.map(([text, names]) => `object.kind in [${names.join(", ")}] ? ${text}`), usual].join(" : ");
}

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
