import type { Entry, Excused, Obligation } from "../engine/verdict";

/** Something that was not judged, and why. `line` is 1-based; null where there is none. */
export interface Note {
  file: string;
  line: number | null;
  reason: string;
}

/** What a check says, before it is formatted. Lines are those of the findings' own places. */
export interface CheckReport {
  violations: Entry[];
  obligations: Obligation[];
  exceptions: Excused[];
  /** Read and left out. */
  passedOver: Note[];
  /** Not read: nothing is known of what it holds. */
  unread: Note[];
  counts: {
    objects: number;
    rules: number;
    mandatory: number;
    advisory: number;
    obligations: number;
    exceptions: number;
    passedOver: number;
    unread: number;
  };
}

/** 2: something could not be read. 1: a mandatory rule is violated. 0: neither; advice and open verdicts do not fail. */
export function exitCode({ unread, counts }: CheckReport): 0 | 1 | 2 {
  if (unread.length > 0) return 2;
  return counts.mandatory > 0 ? 1 : 0;
}
