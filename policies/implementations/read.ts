import { Unknown } from "../cel/unknown";
import { type Document, type Identity, identity } from "../engine/document";
import { podSpecPathIn } from "../engine/subject";
import type { World } from "./world";

/** Reading plain objects in which any value may be unknown. */

/** The value at a path; `undefined` where it is absent, an `Unknown` where it or what holds it is not known. */
export function get(value: unknown, ...path: readonly string[]): unknown {
  let here = value;
  for (const key of path) {
    if (here instanceof Unknown) return here;
    if (here === null || typeof here !== "object" || !Object.hasOwn(here, key)) return undefined;
    here = (here as Record<string, unknown>)[key];
  }
  return here ?? undefined;
}

export const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

export interface Seen {
  document: Document;
  id: Identity;
}

export interface Workload extends Seen {
  podSpec: unknown;
  path: readonly string[];
}

interface Index {
  all: readonly Seen[];
  /** By `group/Kind`. */
  byKind: ReadonlyMap<string, readonly Seen[]>;
  /** By `group/Kind namespace`. */
  byPlace: ReadonlyMap<string, readonly Seen[]>;
}

/** No namespace can have this name. */
const UNKNOWN_PLACE = "?";

/** Several rules ask the same of the same objects, which may be many thousands. */
const indexes = new WeakMap<readonly Document[], Index>();

function indexOf(documents: readonly Document[]): Index {
  let index = indexes.get(documents);
  if (index === undefined) {
    const all = documents.map((document) => ({ document, id: identity(document.object) }));
    const kindOf = ({ id }: Seen) => `${id.group}/${id.kind}`;
    index = { all, byKind: grouped(all, kindOf), byPlace: grouped(all, (one) => `${kindOf(one)} ${placeOf(one)}`) };
    indexes.set(documents, index);
  }
  return index;
}

function placeOf({ id, document }: Seen): string {
  if (get(document.object, "metadata", "namespace") instanceof Unknown) return UNKNOWN_PLACE;
  return id.namespace || "default";
}

function grouped(all: readonly Seen[], key: (one: Seen) => string): Map<string, Seen[]> {
  const groups = new Map<string, Seen[]>();
  for (const one of all) {
    const same = groups.get(key(one));
    if (same) same.push(one);
    else groups.set(key(one), [one]);
  }
  return groups;
}

/** @param kind with its group, e.g. `apps/Deployment`, `/Namespace` */
export const ofKind = (world: World, kind: string): readonly Seen[] => indexOf(world.documents).byKind.get(kind) ?? [];

/** Objects of one kind whose namespace is this one, or not known. */
export function inNamespace(world: World, kind: string, namespace: string): readonly Seen[] {
  const { byPlace } = indexOf(world.documents);
  const here = byPlace.get(`${kind} ${namespace}`) ?? [];
  return [...here, ...(byPlace.get(`${kind} ${UNKNOWN_PLACE}`) ?? [])];
}

/** Objects of the kinds that hold a pod spec, in tenant namespaces. */
export function workloads(world: World): Workload[] {
  return indexOf(world.documents).all.flatMap((one) => {
    const path = podSpecPathIn(one.id, one.document.object);
    if (path === undefined || world.systemNamespaces.includes(one.id.namespace)) return [];
    return [{ ...one, path, podSpec: get(one.document.object, ...path) }];
  });
}
