import type { Document } from "./document";
import type { Severity } from "./rule";

/** One fault, or one thing that cannot be decided yet, in one object. */
export interface Finding {
  verdict: "fail" | "undetermined";
  /** Where in the object, e.g. `spec.template.spec.containers[0].resources.limits.memory`. */
  path: string;
  message: string;
  /** The unknown values that an undetermined verdict waits for. */
  waitsFor?: string[];
}

/** What a rule says of one object: all findings of one verdict together. */
export interface Entry {
  rule: string;
  severity: Severity;
  file?: string;
  line?: number;
  source?: string;
  apiVersion: string;
  kind: string;
  namespace: string;
  name: string;
  /** Of the first finding. */
  path: string;
  /** Of all findings, joined by "; ". */
  message: string;
  remedy: string;
  findings: Finding[];
}

/** Something that could not be decided here, and has to be checked again later. */
export interface Obligation extends Entry {
  waitsFor: string[];
}

/** A violation that somebody answers for, for a time. */
export interface Excused extends Entry {
  exception: Exception;
}

export interface Exception {
  rule: string;
  apiVersion?: string;
  kind?: string;
  namespace?: string;
  name?: string;
  reason: string;
  who: string;
  /** The last day it holds, `YYYY-MM-DD`. */
  until: string;
}

export interface Report {
  violations: Entry[];
  obligations: Obligation[];
  exceptions: Excused[];
  counts: {
    objects: number;
    rules: number;
    mandatory: number;
    advisory: number;
    obligations: number;
    exceptions: number;
  };
}

/** A finding of a rule that looks at several objects: with the one it is about, if there is one. */
export interface WorldFinding extends Finding {
  document?: Document;
}
