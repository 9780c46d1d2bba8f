import type { NamedList, Parameter, Rule, Validation } from "./rule";
import { LISTS, PRELUDE } from "./subject";

/**
 * A rule's text as one ValidatingAdmissionPolicy needs it. The rule's own expressions stand in it word for word: what
 * they rely on is bound around them, by comprehensions over lists of one item, which CEL has for `let`.
 */
export interface AdmissionText {
  variables: { name: string; expression: string }[];
  validations: { expression: string; message: string; messageExpression?: string }[];
  /** The rule's `when`, for `matchConditions`, where variables are not to be had; its parameters are written in. */
  condition?: string;
}

/** @param params resolved values (`resolveParams`) */
export function admissionText(rule: Rule, params: Record<string, unknown>): AdmissionText {
  const literal = paramsLiteral(rule, params);
  const prelude = rule.match.subject === "podSpec" ? Object.entries(PRELUDE) : [];
  const declared = [
    ...prelude.map(([name, expression]) => ({ name, expression })),
    ...(Object.keys(params).length > 0 ? [{ name: "params", expression: literal }] : []),
    ...rule.variables.map(({ name, expression }) => ({ name, expression: bound(expression, "value") })),
  ];
  const validations = rule.validations
    .filter(({ gates }) => gates === undefined || gates.includes("admission"))
    .map((validation) => admissionValidation(rule, validation));
  const when = rule.match.when;
  return {
    variables: used(declared, validations),
    validations,
    ...(when !== undefined && { condition: mentions(when, "params") ? `[${literal}].exists(params, ${when})` : when }),
  };
}

function admissionValidation(rule: Rule, validation: Validation): AdmissionText["validations"][number] {
  const { each, expression, message, messageExpression } = validation;
  if (each === undefined) {
    return {
      expression: bound(expression, "condition"),
      message: message ?? rule.title,
      ...(messageExpression !== undefined && { messageExpression: bound(messageExpression, "value") }),
    };
  }
  const { list, item } = typeof each === "string" ? named(each) : { list: `(${each.list})`, item: each.as };
  const said = messageExpression ?? quote(message ?? rule.title);
  return {
    expression: bound(`${list}.all(${item}, ${expression})`, "condition"),
    message: message ?? rule.title,
    messageExpression: bound(`${list}.filter(${item}, !(${expression})).map(${item}, ${said}).join('; ')`, "value"),
  };
}

const named = (list: NamedList) => ({ list: `variables.${list}`, item: LISTS[list].item });

/** Gives the name `params` to `variables.params`. A policy has no `params` of its own unless it reads another object. */
function bound(expression: string, as: "condition" | "value"): string {
  if (!mentions(expression, "params")) return expression;
  if (as === "condition") return `[variables.params].all(params, ${expression})`;
  return `[variables.params].map(params, ${expression})[0]`;
}

/** A name as a word of its own, not a field of something else. */
function mentions(expression: string, name: string): boolean {
  return new RegExp(`(?<![\\w.])${name}(?!\\w)`).test(expression);
}

/** Leaves out what nothing reads: each variable costs, and a policy should be short enough to be read. */
function used(
  variables: AdmissionText["variables"],
  validations: AdmissionText["validations"],
): AdmissionText["variables"] {
  const wanted = new Set<string>();
  const read = (text: string) => {
    for (const [, name = ""] of text.matchAll(/variables\.(\w+)/g)) wanted.add(name);
  };
  for (const { expression, messageExpression = "" } of validations) read(`${expression} ${messageExpression}`);
  for (const { name, expression } of [...variables].reverse()) if (wanted.has(name)) read(expression);
  return variables.filter(({ name }) => wanted.has(name));
}

function paramsLiteral(rule: Rule, params: Record<string, unknown>): string {
  const entries = Object.entries(params).map(
    ([name, value]) => `${quote(name)}: ${celLiteral(value, rule.params[name]?.type)}`,
  );
  return `{${entries.join(", ")}}`;
}

/** A value as CEL text, behind `dyn()` so that values of several types may stand in one literal. */
export function celLiteral(value: unknown, type?: Parameter["type"]): string {
  return `dyn(${bare(value, type)})`;
}

function bare(value: unknown, type?: Parameter["type"]): string {
  if (typeof value === "string") return quote(value);
  if (typeof value === "number") return type === "number" && Number.isInteger(value) ? `${value}.0` : `${value}`;
  if (typeof value === "boolean") return `${value}`;
  // One element after the other, the API server would compare each with the types of all that it has read so far.
  if (isPlainTexts(value)) return `${quote(value.join(","))}.split(",")`;
  if (Array.isArray(value)) return `[${value.map((item) => celLiteral(item)).join(", ")}]`;
  if (value instanceof Date) return quote(value.toISOString());
  if (value !== null && typeof value === "object") {
    const entries = Object.entries(value).filter(([, item]) => item !== undefined && item !== null);
    return `{${entries.map(([key, item]) => `${quote(key)}: ${celLiteral(item)}`).join(", ")}}`;
  }
  throw new TypeError(`a parameter cannot be ${String(value)}; allowed: text, number, true or false, list, map`);
}

const isPlainTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.length > 3 && value.every((item) => typeof item === "string" && !item.includes(","));

/** JSON's escapes are CEL's, but for a few that JSON does not use. */
const quote = (text: string): string => JSON.stringify(text);
