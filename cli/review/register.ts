import { isDeepStrictEqual } from "node:util";
import { byName } from "../../stacks/settings";
import type { Site } from "../../stacks/sites";
import type { Stack } from "../../stacks/stack";

/** One entry of the register of where data is, through whose hands it goes and to whom it leaves. */
export interface RegisterChange {
  kind: "site" | "destination" | "administrator" | "copies";
  name: string;
  change: "added" | "removed" | "changed";
  /** What the entry says, key by key; of one that changed, what differs only. */
  from?: Record<string, unknown>;
  to?: Record<string, unknown>;
}

type Entry = Record<string, unknown>;

/** What becomes of the register. Without a deployed stack all of it is added. */
export function registerChanges(deployed: Stack | undefined, wanted: Stack): RegisterChange[] {
  return (["site", "destination", "administrator", "copies"] as const).flatMap((kind) => {
    const [was, is] = [deployed ? entriesOf(kind, deployed) : new Map<string, Entry>(), entriesOf(kind, wanted)];
    return [...new Set([...was.keys(), ...is.keys()])].flatMap((name) =>
      compare(kind, name, was.get(name), is.get(name)),
    );
  });
}

function compare(kind: RegisterChange["kind"], name: string, from?: Entry, to?: Entry): RegisterChange[] {
  if (!from) return to ? [{ kind, name, change: "added", to }] : [];
  if (!to) return [{ kind, name, change: "removed", from }];
  const keys = [...new Set([...Object.keys(from), ...Object.keys(to)])].filter(
    (key) => !isDeepStrictEqual(from[key], to[key]),
  );
  if (keys.length === 0) return [];
  const of = (entry: Entry) => Object.fromEntries(keys.map((key) => [key, entry[key]]));
  return [{ kind, name, change: "changed", from: of(from), to: of(to) }];
}

function entriesOf(kind: RegisterChange["kind"], stack: Stack): Map<string, Entry> {
  switch (kind) {
    case "site":
      return new Map(sitesOf(stack).map(({ name, ...site }) => [name, { ...site, machines: machinesAt(name, stack) }]));
    case "destination":
      return byName<Entry>(stack.destinations, ({ host }) => `${host}`);
    case "administrator":
      return byName<Entry>(stack.administration, ({ who }) => `${who}`);
    case "copies":
      return byName<Entry>(stack.backups, ({ of, host }) => `${of} on ${host}`);
  }
}

/** Sites in which something of the stack stands. */
export function sitesOf({ hypervisors, nodes }: Stack): Site[] {
  const byName = new Map([...hypervisors, ...nodes].map(({ site }) => [site.name, site]));
  return [...byName.values()];
}

const machinesAt = (site: string, { hypervisors, nodes }: Stack): string[] => [
  ...hypervisors.filter((one) => one.site.name === site).map(({ name }) => name),
  ...nodes.filter((one) => one.kind === "existing" && one.site.name === site).map(({ name }) => name),
];
