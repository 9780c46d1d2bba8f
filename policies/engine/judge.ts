import { compile, type Result } from "../cel/compile";
import { toCel, Unknown } from "../cel/unknown";
import type { Gate, Rule, Validation } from "./rule";
import { guarded, type Item, itemsOf, LISTS, listOf, podSpecOf } from "./subject";
import type { Finding } from "./verdict";

/** One object, made ready for CEL once and judged by many rules. */
export interface Subject {
  object: unknown;
  /** Where its pod spec is; absent for kinds without one. */
  podSpecPath?: readonly string[];
  namespace: string;
  name: string;
  namespaceObject: unknown;
}

export function prepare(
  object: Record<string, unknown>,
  rest: { podSpecPath?: readonly string[]; namespace: string; name: string; namespaceObject?: Record<string, unknown> },
): Subject {
  const { namespaceObject = new Unknown("the namespace is not among the objects at hand"), ...known } = rest;
  return { ...known, object: toCel(object), namespaceObject: toCel(namespaceObject, "namespaceObject") };
}

/** What the rule says of the subject: nothing where it passes or is not about it. @param params see `resolveParams` */
export function judge(rule: Rule, subject: Subject, params: unknown, gate: Gate): Finding[] {
  // A rule about objects as such sees no pod spec, and its paths begin at the object.
  if (rule.match.subject !== "podSpec" && subject.podSpecPath) {
    const { podSpecPath: _unused, ...plain } = subject;
    return judge(rule, plain, params, gate);
  }
  const bindings = bind(rule, subject, params);
  const applies = rule.match.when === undefined ? undefined : compile(rule.match.when).evaluate(bindings);
  if (applies?.kind === "value" && applies.value !== true) return [];
  if (applies?.kind === "error") return [{ verdict: "fail", path: "", message: `${rule.title}: ${applies.message}` }];
  const findings = rule.validations
    .filter((validation) => validation.gates === undefined || validation.gates.includes(gate))
    .flatMap((validation) => judgeValidation(rule, validation, subject, bindings));
  if (applies?.kind !== "unknown") return findings;
  // Whether the rule applies is not known, so no fault is certain.
  return findings.map((f) => ({ ...f, verdict: "undetermined", waitsFor: [...applies.paths, ...(f.waitsFor ?? [])] }));
}

type Bindings = Record<string, unknown>;

function bind(rule: Rule, subject: Subject, params: unknown): Bindings {
  const variables: Record<string, unknown> = {};
  const bindings: Bindings = {
    object: subject.object,
    oldObject: null,
    request: { operation: "CREATE", namespace: subject.namespace, name: subject.name },
    namespaceObject: subject.namespaceObject,
    params,
    variables,
  };
  const path = subject.podSpecPath;
  if (path) {
    lazily(variables, "podSpec", () => podSpecOf(subject.object, path));
    for (const list of ["containers", "images", "volumes"] as const) {
      lazily(variables, list, () => listOf(variables.podSpec, list));
    }
  }
  for (const { name, expression } of rule.variables) {
    lazily(variables, name, () => compile(expression).value(bindings));
  }
  return bindings;
}

/** A variable is evaluated when it is first read, once; its error is the reader's error. */
function lazily(target: Record<string, unknown>, name: string, value: () => unknown): void {
  Object.defineProperty(target, name, {
    enumerable: true,
    configurable: true,
    get() {
      const found = value();
      Object.defineProperty(target, name, { enumerable: true, value: found });
      return found;
    },
  });
}

function judgeValidation(rule: Rule, validation: Validation, subject: Subject, bindings: Bindings): Finding[] {
  const { each } = validation;
  const specPath = (subject.podSpecPath ?? []).join(".");
  if (each === undefined) return judgeItem(rule, validation, bindings, specPath);
  const as = typeof each === "string" ? LISTS[each].item : each.as;
  const items = listItems(each, bindings, specPath);
  if (typeof items === "string") return [{ verdict: "fail", path: specPath, message: `${rule.title}: ${items}` }];
  return items.flatMap((item) => {
    if ("unknownAt" in item) return [undetermined(rule, item.unknownAt, [item.unknownAt])];
    const scope: Bindings = Object.create(bindings);
    scope[as] = item.value;
    return judgeItem(rule, validation, scope, item.path);
  });
}

/** The items, or the error of the expression that should give them. */
function listItems(each: NonNullable<Validation["each"]>, bindings: Bindings, specPath: string): Item[] | string {
  if (typeof each === "string") {
    return itemsOf(() => (bindings.variables as { podSpec: unknown }).podSpec, each, specPath);
  }
  const result = compile(each.list).evaluate(bindings);
  if (result.kind === "error") return result.message;
  if (result.kind === "unknown") return result.paths.map((unknownAt) => ({ unknownAt }));
  const list = result.value;
  if (!Array.isArray(list)) return `${each.list} gives ${typeof list}, not a list`;
  return guarded(() => Array.from(list.keys(), (index) => ({ value: list[index], path: `${each.path}[${index}]` })));
}

function judgeItem(rule: Rule, validation: Validation, bindings: Bindings, base: string): Finding[] {
  const result = compile(validation.expression).evaluate(bindings);
  const path = validation.path === undefined ? base : joinAt(base, validation.path);
  if (result.kind === "unknown") return [undetermined(rule, path, result.paths)];
  if (result.kind === "value" && result.value === true) return [];
  return [{ verdict: "fail", path, message: messageOf(rule, validation, bindings, result) }];
}

const joinAt = (base: string, path: string): string =>
  base === "" ? path : path.startsWith("[") ? base + path : `${base}.${path}`;

function undetermined(rule: Rule, path: string, waitsFor: string[]): Finding {
  const message = `${rule.title}: cannot be decided before ${waitsFor.join(", ")} is known`;
  return { verdict: "undetermined", path, message, waitsFor };
}

function messageOf(rule: Rule, validation: Validation, bindings: Bindings, result: Result): string {
  if (validation.message !== undefined) return validation.message;
  const said = validation.messageExpression && compile(validation.messageExpression).evaluate(bindings);
  if (said && said.kind === "value" && typeof said.value === "string" && said.value !== "") return said.value;
  return result.kind === "error" ? `${rule.title}: ${result.message}` : rule.title;
}
