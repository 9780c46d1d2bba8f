/** One thing that was looked at. */
export interface Check {
  /** Such as `this machine`, `node worker-1`, `registry`, `Git`, `cluster`, `agent`, `change`. */
  part: string;
  /** `advice`: it works, and might be better. `unknown`: it could not be established. */
  state: "good" | "advice" | "wrong" | "unknown";
  /** What was found, in words. */
  found: string;
  /** What was to be found; absent where that is `found`. */
  expected?: string;
  /** What helps; absent where nothing has to. */
  remedy?: string;
  /** Last lines of a log. */
  log?: string[];
  /** What `--fix` does about it. */
  fix?: Fix;
}

/** Repairs that lose nothing and interrupt nothing. */
export type Fix = "packages" | "artifacts" | "lock" | "look";

/** 0: all is good or might be better. 1: something is wrong. 3: nothing is known to be wrong, and something is not known. */
export function exitCode(checks: readonly Check[]): 0 | 1 | 3 {
  if (checks.some(({ state }) => state === "wrong")) return 1;
  return checks.some(({ state }) => state === "unknown") ? 3 : 0;
}
