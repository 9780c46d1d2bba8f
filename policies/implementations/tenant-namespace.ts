import { Unknown } from "../cel/unknown";
import type { WorldFinding } from "../engine/verdict";
import { get, inNamespace, list, ofKind, type Seen, workloads } from "./read";
import type { Implementation, World } from "./world";

/** What one object adds to what a namespace needs; `Unknown` where that is not known. */
type Provides = (object: unknown) => string[] | Unknown;

export const namespaceQuota: Implementation = (world) => demand(world, "ResourceQuota", quotaProvides);

export const namespaceLimitRange: Implementation = (world) => demand(world, "LimitRange", rangeProvides);

/** A quota with scopes counts some pods only, and so limits none of the rest. */
function quotaProvides(object: unknown): string[] | Unknown {
  const scoped = get(object, "spec", "scopes") ?? get(object, "spec", "scopeSelector");
  const hard = get(object, "spec", "hard");
  if (scoped instanceof Unknown || hard instanceof Unknown) return new Unknown();
  if (scoped !== undefined || typeof hard !== "object" || hard === null) return [];
  const full: Record<string, string> = { cpu: "requests.cpu", memory: "requests.memory" };
  return Object.keys(hard).map((name) => full[name] ?? name);
}

function rangeProvides(object: unknown): string[] | Unknown {
  const limits = get(object, "spec", "limits");
  if (limits instanceof Unknown) return limits;
  const containers = list(limits).filter((item) => get(item, "type") === "Container");
  const given = containers.flatMap((item) => [get(item, "default"), get(item, "max")]);
  if (given.some((value) => value instanceof Unknown)) return new Unknown();
  return given.flatMap((value) => Object.keys(value ?? {}));
}

function demand(world: World, kind: string, provides: Provides): WorldFinding[] {
  const wanted = world.params.resources as string[];
  const namespaces = ofKind(world, "/Namespace");
  const declared = new Set(namespaces.map(({ id }) => id.name));
  return [
    ...namespaces.filter(({ id }) => !world.systemNamespaces.includes(id.name)).flatMap((one) => judge(world, one)),
    ...elsewhere(world, declared, kind),
  ];

  function judge(within: World, { document, id }: Seen): WorldFinding[] {
    if (get(document.object, "metadata", "name") instanceof Unknown) {
      return [waiting(kind, document, "metadata.name", "the name of the namespace")];
    }
    const found = inNamespace(within, `/${kind}`, id.name).map((other) => {
      const unplaced = get(other.document.object, "metadata", "namespace") instanceof Unknown;
      return unplaced ? new Unknown() : provides(other.document.object);
    });
    const given = new Set(found.flatMap((one) => (one instanceof Unknown ? [] : one)));
    const missing = wanted.filter((name) => !given.has(name));
    if (missing.length === 0) return [];
    if (found.some((one) => one instanceof Unknown)) return [waiting(kind, document, "metadata.name", `a ${kind}`)];
    const message = `namespace ${id.name} has no ${kind} for ${missing.join(", ")}`;
    return [{ verdict: "fail", path: "metadata.name", message, document }];
  }
}

function waiting(kind: string, document: Seen["document"], path: string, what: string): WorldFinding {
  const message = `whether the namespace has a sufficient ${kind} cannot be decided before ${what} is known`;
  return { verdict: "undetermined", path, message, waitsFor: [what], document };
}

/** Namespaces that workloads are in, but whose Namespace object is not among what we see: once for each. */
function elsewhere(world: World, declared: ReadonlySet<string>, kind: string): WorldFinding[] {
  const asked = new Set(declared);
  return workloads(world).flatMap(({ document, id }) => {
    const namespace = id.namespace || "default";
    if (asked.has(namespace)) return [];
    asked.add(namespace);
    const message = `namespace ${namespace} is not among these objects, so whether it has a ${kind} is not known`;
    return [
      { verdict: "undetermined", path: "metadata.namespace", message, waitsFor: [`Namespace ${namespace}`], document },
    ];
  });
}
