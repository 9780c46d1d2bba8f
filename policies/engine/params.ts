import { isQuantity } from "../cel/quantity";
import { toCel } from "../cel/unknown";
import type { Parameter, Rule } from "./rule";

/** Values of a rule's parameters: what is configured, else what the stack says, else the default. */
export interface Params {
  values: Record<string, unknown>;
  /** The same as CEL sees them: `integer` is an int and `number` a double, however they are written. */
  cel: unknown;
  /** Parameters without any value: the rule cannot be evaluated. */
  missing: string[];
}

export class ParamError extends Error {
  constructor(rule: string, name: string, received: unknown, allowed: string) {
    super(`parameter ${name} of rule ${rule} is ${JSON.stringify(received)}; allowed: ${allowed}`);
    this.name = "ParamError";
  }
}

/**
 * @param configured values by parameter name; unknown names are errors
 * @param facts the parsed stack, or a part of it
 */
export function resolveParams(rule: Rule, configured: Record<string, unknown> = {}, facts: unknown = {}): Params {
  for (const name of Object.keys(configured)) {
    if (!Object.hasOwn(rule.params, name)) {
      throw new ParamError(
        rule.id,
        name,
        configured[name],
        `no such parameter; there are ${Object.keys(rule.params).join(", ") || "none"}`,
      );
    }
  }
  const values: Record<string, unknown> = {};
  const missing: string[] = [];
  for (const [name, parameter] of Object.entries(rule.params)) {
    const stated =
      configured[name] ?? (parameter.fromStack === undefined ? undefined : pick(facts, parameter.fromStack.split(".")));
    const value = stated ?? parameter.default;
    if (value === undefined) missing.push(name);
    else values[name] = checked(rule.id, name, parameter, value);
  }
  return { values, missing, cel: paramsForCel(rule, values) };
}

function paramsForCel(rule: Rule, values: Record<string, unknown>): unknown {
  const prepared = toCel(values, "params") as Record<string, unknown>;
  for (const [name, value] of Object.entries(values)) {
    if (rule.params[name]?.type === "number") prepared[name] = Number(value);
  }
  return prepared;
}

/** Follows a path; through a list it picks from every item, and leaves out the items that have nothing there. */
function pick(value: unknown, path: readonly string[]): unknown {
  const [key, ...rest] = path;
  if (key === undefined || value === undefined || value === null) return value ?? undefined;
  if (Array.isArray(value)) return value.map((item) => pick(item, path)).filter((item) => item !== undefined);
  if (typeof value !== "object" || !Object.hasOwn(value, key)) return undefined;
  return pick((value as Record<string, unknown>)[key], rest);
}

const isMap = (value: unknown): boolean => value !== null && typeof value === "object" && !Array.isArray(value);
const KINDS: Record<Parameter["type"], { holds: (value: unknown) => boolean; what: string }> = {
  string: { holds: (value) => typeof value === "string", what: "a text" },
  integer: { holds: Number.isSafeInteger, what: "a whole number" },
  number: { holds: Number.isFinite, what: "a number" },
  boolean: { holds: (value) => typeof value === "boolean", what: "true or false" },
  quantity: {
    holds: (value) => typeof value === "string" && isQuantity(value),
    what: "a quantity such as 500m or 2Gi",
  },
  strings: {
    holds: (value) => Array.isArray(value) && value.every((item) => typeof item === "string"),
    what: "a list of texts",
  },
  objects: { holds: (value) => Array.isArray(value) && value.every(isMap), what: "a list of maps" },
};

function checked(rule: string, name: string, parameter: Parameter, value: unknown): unknown {
  const { holds, what } = KINDS[parameter.type];
  if (!holds(value)) throw new ParamError(rule, name, value, what);
  if (parameter.allowed && !parameter.allowed.includes(value as string | number)) {
    throw new ParamError(rule, name, value, parameter.allowed.join(", "));
  }
  return value;
}
