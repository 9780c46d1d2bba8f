import { Unknown } from "../cel/unknown";
import { identity } from "../engine/document";
import { podSpecPath } from "../engine/subject";
import type { Place } from "./locate";
import { isPreview, previewObjects } from "./pulumi-preview";
import type { FileRead } from "./reader";
import type { Note } from "./report";

/** One document of a file; `line` is 0 where it is not known. */
interface Document {
  file: string;
  line: number;
}

/** One object, and where it is written. */
export interface Found {
  object: Record<string, unknown>;
  file: string;
  /** On which its document begins; 0 where that is not known. */
  line: number;
  /** Where in the document the object begins. */
  at: Place;
  /** Another program's reading of an object that is there already. */
  again?: boolean;
  /** URN, for what comes from a Pulumi preview. */
  urn?: string;
}

export interface Objects {
  found: Found[];
  passedOver: Note[];
  unread: Note[];
  /** The stack, where a preview shows it. */
  stack?: Record<string, unknown>;
}

/** All objects of a file, as the reader has read it. @param file as a person would write it */
export function objectsOf(file: string, documents: FileRead["documents"]): Objects {
  const all: Objects = { found: [], passedOver: [], unread: [] };
  for (const { line, value, again } of documents) {
    const before = all.found.length;
    take(value, { file, line }, [], all, 0);
    if (again) for (const found of all.found.slice(before)) found.again = true;
  }
  return all;
}

type Fields = Record<string, unknown>;
const isMap = (value: unknown): value is Fields => value !== null && typeof value === "object" && !Array.isArray(value);

/** Nested lists are legal; deeper than this is hostile. */
const MAX_LISTS = 8;

function take(value: unknown, document: Document, at: Place, all: Objects, depth: number): void {
  const { file, line } = document;
  const pass = (reason: string) => all.passedOver.push({ file, line: line || null, reason });
  const refuse = (reason: string) => all.unread.push({ file, line: line || null, reason });
  if (value === null || value === undefined) return;
  if (!isMap(value)) {
    const what = Array.isArray(value) ? "a list" : "a single value";
    if (depth > 0) refuse(`${at.join(".")} is ${what}, not an object`);
    else pass(`${what}, not a Kubernetes object`);
    return;
  }
  if (depth === 0 && isPreview(value)) {
    const { objects, patches, stack } = previewObjects(value);
    for (const urn of patches) pass(`${urn} changes a part of an object: judged where it is applied`);
    for (const { object, urn } of objects) all.found.push({ object, file, line, at: [], urn });
    if (objects.length === 0 && !stack) pass("a preview without Kubernetes objects");
    if (stack) all.stack = stack;
    return;
  }
  const { apiVersion, kind } = value;
  // The cluster's programs take the items of a list that does not say its API.
  if (typeof kind === "string" && kind.endsWith("List") && !apiVersion && Array.isArray(value.items)) {
    takeList(value, document, at, all, depth, refuse);
  } else if (typeof kind !== "string" || typeof apiVersion !== "string" || kind === "" || apiVersion === "") {
    const said = "apiVersion" in value || "kind" in value;
    pass(said ? "apiVersion and kind are not both texts" : "not a Kubernetes object: it has no apiVersion and kind");
  } else if (/^kustomize\.config\.k8s\.io\//.test(apiVersion)) {
    pass("a kustomization: check its directory, which builds it");
  } else if (kind.endsWith("List") && (kind === "List" || "items" in value)) {
    takeList(value, document, at, all, depth, refuse);
  } else {
    const fault = malformed(value);
    if (fault) refuse(fault);
    else all.found.push({ object: value, file, line, at });
  }
}

function takeList(
  list: Fields,
  document: Document,
  at: Place,
  all: Objects,
  depth: number,
  refuse: (reason: string) => void,
): void {
  const { items, apiVersion, kind } = list;
  if (!Array.isArray(items)) {
    refuse("the items of the list are not a list");
    return;
  }
  if (depth >= MAX_LISTS) {
    refuse(`lists inside lists, more than ${MAX_LISTS} deep: write the objects out`);
    return;
  }
  const itemKind = String(kind).slice(0, -"List".length);
  items.forEach((item: unknown, index) => {
    // The items of a typed list may leave their kind out.
    const typed = isMap(item) && itemKind !== "" ? { apiVersion, kind: itemKind, ...item } : item;
    if (item === null) refuse(`items.${index} is null, not an object`);
    else take(typed, document, [...at, "items", index], all, depth + 1);
  });
}

/** What the API server would refuse, and what a rule would therefore find nothing in. */
function malformed(object: Fields): string | undefined {
  const id = identity(object);
  const where = `${id.kind} ${id.name || "without a name"}`;
  if (!isMap(object.metadata ?? {})) return `${where}: metadata is not a map`;
  const { namespace = "" } = (object.metadata ?? {}) as Fields;
  // kubectl leaves out a namespace that is no text, and so puts the object into another one.
  if (typeof namespace === "number" || typeof namespace === "boolean")
    return `${where}: metadata.namespace is ${namespace}, not a text: write it in quotes`;
  const path = podSpecPath(id);
  if (path === undefined) return undefined;
  let here: unknown = object;
  for (const key of path) {
    here = isMap(here) ? here[key] : undefined;
    if (here instanceof Unknown) return undefined;
  }
  const spec = path.join(".");
  const patch = "; a patch is judged by checking the directory of its kustomization";
  if (!isMap(here)) return `${where}: ${spec} is not there${patch}`;
  for (const list of ["containers", "initContainers", "ephemeralContainers", "volumes"]) {
    const value = here[list] ?? (list === "containers" ? undefined : []);
    if (value instanceof Unknown) continue;
    const items = Array.isArray(value) && value.every(isMap);
    if (!items || (list === "containers" && value.length === 0))
      return `${where}: ${spec}.${list} is not a list of maps${patch}`;
  }
  return undefined;
}
