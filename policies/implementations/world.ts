import type { Document } from "../engine/document";
import type { Gate } from "../engine/rule";
import type { WorldFinding } from "../engine/verdict";

/** All that a rule in TypeScript may look at. It never reads a file or the clock. */
export interface World {
  /** Every object at hand, `List`s taken apart, as plain data; `Unknown` where a value is not known. */
  documents: readonly Document[];
  /** The rule's parameters. */
  params: Record<string, unknown>;
  /** The parsed stack, or the part of it that is known. */
  stack: Record<string, unknown>;
  gate: Gate;
  /** `YYYY-MM-DD` */
  today: string;
  systemNamespaces: readonly string[];
}

export type Implementation = (world: World) => WorldFinding[];
