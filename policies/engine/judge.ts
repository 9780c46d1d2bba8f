import { compile, type Result } from "../cel/compile";
import { type Bindings, prepareVariables, type Subject } from "./bind";
import type { Gate, Rule, Validation } from "./rule";
import { guarded, type Item, LISTS } from "./subject";
import type { Finding } from "./verdict";

const NOTHING: readonly Finding[] = [];

/** What the rule says of the subject: nothing where it passes or is not about it. @param params see `resolveParams` */
export function judge(rule: Rule, subject: Subject, params: unknown, gate: Gate): readonly Finding[] {
  const bindings: Bindings = {
    object: subject.object,
    oldObject: null,
    request: subject.request,
    namespaceObject: subject.namespaceObject,
    params,
    variables: subject.variables,
  };
  if (rule.variables.length > 0) bindings.variables = prepareVariables(rule, subject, bindings);
  const applies = rule.match.when === undefined ? undefined : compile(rule.match.when).evaluate(bindings);
  if (applies?.kind === "value" && applies.value !== true) return NOTHING;
  if (applies?.kind === "error") return [{ verdict: "fail", path: "", message: `${rule.title}: ${applies.message}` }];
  const findings: Finding[] = [];
  for (const validation of rule.validations) {
    if (validation.gates !== undefined && !validation.gates.includes(gate)) continue;
    judgeValidation(rule, validation, subject, bindings, findings);
  }
  if (applies?.kind !== "unknown") return findings;
  // Whether the rule applies is not known, so no fault is certain.
  return findings.map((f) => ({ ...f, verdict: "undetermined", waitsFor: [...applies.paths, ...(f.waitsFor ?? [])] }));
}

function judgeValidation(
  rule: Rule,
  validation: Validation,
  subject: Subject,
  bindings: Bindings,
  findings: Finding[],
): void {
  const { each } = validation;
  // A rule about objects as such has paths that begin at the object.
  const base = rule.match.subject === "podSpec" ? subject.specPath : "";
  if (each === undefined) {
    judgeItem(rule, validation, bindings, base, findings);
    return;
  }
  const items = typeof each === "string" ? subject.items(each) : listItems(each, bindings);
  if (typeof items === "string") {
    findings.push({ verdict: "fail", path: base, message: `${rule.title}: ${items}` });
    return;
  }
  const as = typeof each === "string" ? LISTS[each].item : each.as;
  for (const item of items) {
    if ("unknownAt" in item) findings.push(undetermined(rule, item.unknownAt, [item.unknownAt]));
    else judgeItem(rule, validation, { ...bindings, [as]: item.value }, item.path, findings);
  }
}

/** The items, or the error of the expression that should give them. */
function listItems(each: { list: string; path: string }, bindings: Bindings): Item[] | string {
  const result = compile(each.list).evaluate(bindings);
  if (result.kind === "error") return result.message;
  if (result.kind === "unknown") return result.paths.map((unknownAt) => ({ unknownAt }));
  const list = result.value;
  if (!Array.isArray(list)) return `${each.list} gives ${typeof list}, not a list`;
  return guarded(() => Array.from(list.keys(), (index) => ({ value: list[index], path: `${each.path}[${index}]` })));
}

function judgeItem(rule: Rule, validation: Validation, bindings: Bindings, base: string, findings: Finding[]): void {
  const result = compile(validation.expression).evaluate(bindings);
  if (result.kind === "value" && result.value === true) return;
  const path = validation.path === undefined ? base : joinAt(base, validation.path);
  if (result.kind === "unknown") findings.push(undetermined(rule, path, result.paths));
  else findings.push({ verdict: "fail", path, message: messageOf(rule, validation, bindings, result) });
}

function joinAt(base: string, path: string): string {
  if (base === "") return path;
  return path.startsWith("[") ? base + path : `${base}.${path}`;
}

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
