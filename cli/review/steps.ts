import type { EngineEvent } from "../pulumi/events";
import { nameOf, stageOf } from "../pulumi/stage-times";

export type Operation = "create" | "update" | "replace" | "delete";

/** What an update would do to one resource. */
export interface Step {
  operation: Operation;
  /** The part of the platform that it belongs to, as in `nodes`. */
  component: string;
  name: string;
  /** Such as `command:remote:Command`. */
  type: string;
  /** Inputs that differ, by their paths and never with their values; empty where the plugin does not say. */
  properties: string[];
}

const OPERATIONS: Record<string, Operation | undefined> = {
  create: "create",
  import: "create",
  update: "update",
  delete: "delete",
  replace: "replace",
  // The engine tells of one replacement in three steps.
  "create-replacement": "replace",
  "delete-replaced": "replace",
};

/** The steps that a preview foresees, by component and name. What groups others, and changes only with them, is left out. */
export function stepsOf(events: readonly EngineEvent[]): Step[] {
  const byUrn = new Map<string, Step>();
  for (const { resourcePreEvent } of events) {
    if (!resourcePreEvent) continue;
    const { urn, op, type = "", diffs, detailedDiff } = resourcePreEvent.metadata;
    const operation = OPERATIONS[op];
    if (!operation || type.startsWith("grunnmur:") || type === "pulumi:pulumi:Stack") continue;
    const differing = detailedDiff ? Object.keys(detailedDiff) : (diffs ?? []);
    const before = byUrn.get(urn)?.properties ?? [];
    // Which entry of a list it is says nothing to a reader.
    const properties = [...new Set([...before, ...differing.map((path) => path.replace(/\[.*$/, ""))])].sort();
    byUrn.set(urn, { operation, component: stageOf(urn), name: nameOf(urn), type, properties });
  }
  const key = ({ component, name }: Step) => `${component} ${name}`;
  return [...byUrn.values()].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
