import { compile } from "../cel/compile";
import { again, toCel, Unknown } from "../cel/unknown";
import type { NamedList, Rule } from "./rule";
import { type Item, itemsOf, listOf, podSpecOf } from "./subject";
import { NAMED_LISTS } from "./terms";

export type Bindings = Record<string, unknown>;

/** One object, made ready for CEL once and judged by many rules. */
export interface Subject {
  object: unknown;
  request: unknown;
  namespaceObject: unknown;
  /** Where its pod spec is, as text; "" for kinds without one. */
  specPath: string;
  /** What the prelude gives: `podSpec`, `containers`, … for kinds that have a pod spec. */
  variables: Record<string, unknown>;
  /** The items of a named list, with their paths. */
  items(list: NamedList): readonly Item[];
}

const UNSEEN_NAMESPACE = toCel(new Unknown("the namespace is not among the objects at hand"), "namespaceObject");

export interface Surroundings {
  podSpecPath?: readonly string[];
  namespace: string;
  name: string;
  namespaceObject?: Record<string, unknown>;
}

export function prepare(raw: Record<string, unknown>, around: Surroundings): Subject {
  const object = toCel(raw);
  const { podSpecPath, namespace, name, namespaceObject } = around;
  const variables: Record<string, unknown> = {};
  const specPath = podSpecPath?.join(".") ?? "";
  if (podSpecPath) {
    assign(variables, "podSpec", () => podSpecOf(object, podSpecPath));
    for (const list of NAMED_LISTS) assign(variables, list, () => listOf(variables.podSpec, list));
  }
  const cache: Partial<Record<NamedList, readonly Item[]>> = {};
  return {
    object,
    request: requestOf(raw, namespace, name),
    namespaceObject: namespaceObject ? toCel(namespaceObject, "namespaceObject") : UNSEEN_NAMESPACE,
    specPath,
    variables,
    items: (list) => {
      cache[list] ??= itemsOf(() => variables.podSpec, list, specPath);
      return cache[list];
    },
  };
}

/** A namespace or name that is not known yet is not the empty one. */
function requestOf(raw: Record<string, unknown>, namespace: string, name: string): unknown {
  const stated = (raw.metadata ?? {}) as Record<string, unknown>;
  const known = (key: string, text: string) => (stated[key] instanceof Unknown ? stated[key] : text);
  if (raw.metadata instanceof Unknown)
    return toCel({ operation: "CREATE", namespace: raw.metadata, name: raw.metadata }, "request");
  return toCel({ operation: "CREATE", namespace: known("namespace", namespace), name: known("name", name) }, "request");
}

/** The subject's variables and the rule's own, in order; each may read those before it. */
export function prepareVariables(rule: Rule, subject: Subject, bindings: Bindings): Record<string, unknown> {
  const variables: Record<string, unknown> = {};
  for (const name of Object.keys(subject.variables)) assign(variables, name, () => subject.variables[name]);
  const scope = { ...bindings, variables };
  for (const { name, expression } of rule.variables) assign(variables, name, () => compile(expression).value(scope));
  return variables;
}

/** Sets a variable. Its error is not raised here but where the variable is read, as in the API server. */
function assign(target: Record<string, unknown>, name: string, value: () => unknown): void {
  try {
    target[name] = value();
  } catch (error) {
    Object.defineProperty(target, name, { enumerable: true, get: () => again(error) });
  }
}
