import { z } from "zod";
import type { StackConfig } from "./schema";

/** A `T` of which any part may be missing, because it was absent or wrong. */
export type Draft<T> = T extends readonly (infer E)[]
  ? (Draft<E> | undefined)[]
  : T extends object
    ? { [K in keyof T]?: Draft<T[K]> | undefined }
    : T;

/** What the checks over several keys see of a stack. */
export type StackDraft = Draft<StackConfig>;

/**
 * What can be understood of `raw`: defaults filled in, every value that `schema` refuses left out.
 * So the checks over several keys can run beside those of single keys, and all mistakes be told at once.
 */
export function draft<T extends z.core.$ZodType>(schema: T, raw: unknown): Draft<z.output<T>> | undefined {
  return fill(schema, raw) as Draft<z.output<T>> | undefined;
}

function fill(schema: z.core.$ZodType, raw: unknown): unknown {
  const { core, value } = unwrap(schema, raw);
  if (core instanceof z.ZodObject) {
    if (!isSection(value)) return undefined;
    return Object.fromEntries(Object.entries(core.shape).map(([key, field]) => [key, fill(field, value[key])]));
  }
  if (core instanceof z.ZodArray) {
    return Array.isArray(value) ? value.map((item) => fill(core.element, item)) : undefined;
  }
  const leaf = z.safeParse(core, value);
  return leaf.success ? leaf.data : undefined;
}

/** The schema that rules at `path`, given what `raw` holds on the way there; undefined where there is none. */
export function schemaAt(
  schema: z.core.$ZodType,
  raw: unknown,
  path: readonly PropertyKey[],
): z.core.$ZodType | undefined {
  const [step, ...rest] = path;
  if (step === undefined) return schema;
  const { core, value } = unwrap(schema, raw);
  const below = isSection(value) || Array.isArray(value) ? (value as Record<PropertyKey, unknown>)[step] : undefined;
  if (core instanceof z.ZodArray) return schemaAt(core.element, below, rest);
  const field = core instanceof z.ZodObject ? core.shape[String(step)] : undefined;
  return field && schemaAt(field, below, rest);
}

/** The keys that a section `raw` may have; empty where no section is due. */
export function keysOf(schema: z.core.$ZodType | undefined, raw: unknown): string[] {
  const core = schema && unwrap(schema, raw).core;
  return core instanceof z.ZodObject ? Object.keys(core.shape) : [];
}

/** The members of a union by their kind, each with its keys; empty for what is no union. */
export function kindsOf(schema: z.core.$ZodType | undefined): [kind: string, keys: string[]][] {
  if (!(schema instanceof z.ZodDiscriminatedUnion)) return [];
  return schema.options.flatMap((option): [string, string[]][] => {
    const kind = option instanceof z.ZodObject ? option.shape[schema.def.discriminator] : undefined;
    return kind instanceof z.ZodLiteral ? [[String(kind.value), keysOf(option, {})]] : [];
  });
}

/** Takes off defaults and options, and picks the member of a union that `value` says it is. */
function unwrap(schema: z.core.$ZodType, value: unknown): { core: z.core.$ZodType; value: unknown } {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return unwrap(schema.def.innerType, value === undefined ? schema.def.defaultValue : value);
  }
  if (schema instanceof z.ZodOptional && value !== undefined) return unwrap(schema.def.innerType, value);
  if (schema instanceof z.ZodDiscriminatedUnion && isSection(value)) {
    const kind = value[schema.def.discriminator];
    const member = schema.options.find(
      (option) => option instanceof z.ZodObject && z.safeParse(option.shape[schema.def.discriminator], kind).success,
    );
    if (member) return { core: member, value };
  }
  return { core: schema, value };
}

function isSection(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
