import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { type Effect, effectOf } from "./effects";
import { stackSchema } from "./schema";
import type { Hypervisor, Node, Stack } from "./stack";

/** One setting of a stack file that differs between what is deployed and what shall be. */
export interface SettingChange {
  /** As the stack file has it, entries of a list by their name: `nodes.worker-1.memoryMiB`. */
  setting: string;
  /** Absent where the deployed stack has none. */
  from?: unknown;
  /** Absent where it goes. */
  to?: unknown;
  /** What the setting is, in the schema's words. */
  about?: string;
  /** What that does on machines and to data; absent where that is not known by the setting alone. */
  effect?: string;
}

type Values = Record<string, unknown>;

/** By what entries of a list are known, in whatever order they stand. */
const NAMES: Record<string, (entry: Values) => string> = {
  hypervisors: ({ name }) => String(name),
  nodes: ({ name }) => String(name),
  "ingress.hosts": ({ name }) => String(name),
  destinations: ({ host }) => String(host),
  administration: ({ who }) => String(who),
  backups: ({ of, host }) => `${of} on ${host}`,
};

/** Every setting that differs, defaults included, in the order of the schema. A stack holds no secret. */
export function settingChanges(deployed: Stack, wanted: Stack): SettingChange[] {
  const found = differences([], asWritten(deployed), asWritten(wanted));
  return found.map(({ path, from, to }) => {
    const change: Effect = { setting: path.join("."), path, from, to, deployed, wanted };
    const [about, effect] = [aboutOf(path), effectOf(change)];
    return {
      setting: change.setting,
      ...(from !== undefined && { from }),
      ...(to !== undefined && { to }),
      ...(about && { about }),
      ...(effect && { effect }),
    };
  });
}

/** What all of that does, each thing once; empty where nothing differs or nothing is known. */
export function effectsOf(deployed: Stack, wanted: Stack): string[] {
  return [...new Set(settingChanges(deployed, wanted).flatMap(({ effect }) => effect ?? []))];
}

/** The stack with the names that were looked up in it put back, as JSON keeps it: one out of a state has been there. */
function asWritten(stack: Stack): Values {
  const { name: _, ...rest } = stack;
  const written = {
    ...rest,
    hypervisors: stack.hypervisors.map((one: Hypervisor) => ({ ...one, site: one.site.name })),
    nodes: stack.nodes.map(({ reach: _, ...node }: Node) =>
      node.kind === "libvirt"
        ? { ...node, site: undefined, hypervisor: node.hypervisor.name }
        : { ...node, site: node.site.name },
    ),
  };
  return JSON.parse(JSON.stringify(written)) as Values;
}

interface Difference {
  path: string[];
  from: unknown;
  to: unknown;
}

function differences(path: string[], from: unknown, to: unknown): Difference[] {
  if (isDeepStrictEqual(from, to)) return [];
  const [was, is] = [entries(path, from), entries(path, to)];
  if (!was || !is) return [{ path, from, to }];
  const keys = new Set([...Object.keys(was), ...Object.keys(is)]);
  return [...keys].flatMap((key) => differences([...path, key], was[key], is[key]));
}

/** Entries by what they are known by; of those that share a name, as who administers from two countries, the later are counted. */
export function byName<T>(entries: readonly T[], nameOf: (entry: T) => string): Map<string, T> {
  const counts = new Map<string, number>();
  return new Map(
    entries.map((entry) => {
      const name = nameOf(entry);
      const count = (counts.get(name) ?? 0) + 1;
      counts.set(name, count);
      return [count === 1 ? name : `${name} (${count})`, entry];
    }),
  );
}

/** The parts of a value that are compared one by one; undefined where it is compared as a whole. */
function entries(path: string[], value: unknown): Values | undefined {
  const nameOf = NAMES[path.join(".")];
  if (nameOf) return Object.fromEntries(byName(Array.isArray(value) ? (value as Values[]) : [], nameOf));
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Values) : undefined;
}

interface JsonSchema {
  description?: string;
  properties?: Record<string, JsonSchema>;
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
}

let known: JsonSchema | undefined;

function aboutOf(path: readonly string[]): string | undefined {
  known ??= z.toJSONSchema(stackSchema, { io: "input" }) as JsonSchema;
  let here: JsonSchema[] = [known];
  for (const step of path) {
    const within = here.flatMap((one) => [one, ...(one.anyOf ?? []), ...(one.oneOf ?? [])]);
    const list = within.flatMap(({ items }) => items ?? []);
    // An entry of a list is named, and its schema is that of all.
    here = list.length > 0 ? list : within.flatMap(({ properties }) => properties?.[step] ?? []);
  }
  return here.find(({ description }) => description !== undefined)?.description;
}
