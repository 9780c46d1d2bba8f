import { Unknown } from "../cel/unknown";
import { type Document, type Identity, identity } from "../engine/document";
import { podSpecPath } from "../engine/subject";
import type { World } from "./index";

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

export const seen = (world: World): Seen[] =>
  world.documents.map((document) => ({ document, id: identity(document.object) }));

/** Objects of the kinds that hold a pod spec, in tenant namespaces. */
export function workloads(world: World): (Seen & { podSpec: unknown; path: readonly string[] })[] {
  return seen(world).flatMap((one) => {
    const path = podSpecPath(one.id);
    if (path === undefined || world.systemNamespaces.includes(one.id.namespace)) return [];
    return [{ ...one, path, podSpec: get(one.document.object, ...path) }];
  });
}

/** Objects of one kind whose namespace is this one, or not known. */
export function inNamespace(world: World, kind: string, namespace: string): Seen[] {
  return seen(world).filter(({ id, document }) => {
    if (id.kind !== kind) return false;
    return (
      get(document.object, "metadata", "namespace") instanceof Unknown || (id.namespace || "default") === namespace
    );
  });
}
