import type { Change } from "./diff";
import type { Log } from "./engine";
import type { Properties } from "./value";

/** What every call on a resource is told. */
export interface Context {
  urn: string;
  type: string;
  /** The resource's logical name, the last part of its URN. */
  name: string;
  log: Log;
  /** Aborted when the user cancels or the engine goes away. */
  signal: AbortSignal;
}

/** A resource as the state holds it. */
export interface Stored {
  id: string;
  inputs: Properties;
  outputs: Properties;
}

export interface Work {
  /** Nothing may be touched; inputs may hold unknown values. */
  preview: boolean;
  /** The user's `customTimeouts`, or undefined for the resource's own default. */
  timeoutMs: number | undefined;
}

export interface Checked {
  inputs: Properties;
  failures?: { property: string; reason: string }[];
}

export interface Difference {
  changes: Change[];
  /** Whether this change cannot be made in place. */
  replaces(change: Change): boolean;
  deleteBeforeReplace?: boolean;
}

/** One type of resource. Every method throws on failure; `create` then leaves nothing in the state. */
export interface Resource {
  check(news: Properties, olds: Properties, context: Context): Promise<Checked>;
  diff(old: Stored, news: Properties, context: Context): Difference;
  create(inputs: Properties, work: Work, context: Context): Promise<{ id: string; outputs: Properties }>;
  /** The resource as it is now, or undefined when it is gone. */
  read(old: Stored, context: Context): Promise<Stored | undefined>;
  update(old: Stored, news: Properties, work: Work, context: Context): Promise<Properties>;
  delete(old: Stored, work: Work, context: Context): Promise<void>;
}

export interface Provider {
  name: string;
  version: string;
  /** What this stand-in can do, as text for an error message. */
  covers: string;
  /** The resource type with this token, or undefined when it is not covered. */
  resource(type: string): Resource | undefined;
  checkConfig?(news: Properties): Checked;
  diffConfig?(olds: Properties, news: Properties): Difference;
  configure?(config: Properties): void;
}
