import { setTimeout as sleep } from "node:timers/promises";
import { patienceHere } from "../../lib/machine";
import { timeLeft } from "./time-left";

/**
 * Looks until `holds` is true, for so many seconds where guests have real CPUs and longer as the machine asks, but never past the
 * end that whoever runs this gives it. @returns seconds it took
 * @throws at the deadline, with what `holds` last threw or `what` was waited for
 */
export async function until(what: string, seconds: number, holds: () => Promise<boolean>): Promise<number> {
  const deadlineSeconds = Math.min(seconds * patienceHere(), timeLeft());
  const began = performance.now();
  const elapsed = (): number => (performance.now() - began) / 1000;
  let last: unknown;
  while (elapsed() < deadlineSeconds) {
    try {
      if (await holds()) return elapsed();
      last = undefined;
    } catch (error) {
      last = error;
    }
    // Each look takes the machine that it looks at a second or two, where that one's CPUs are emulated beside it.
    await sleep(Math.min(5000, 500 * patienceHere()));
  }
  const why = last instanceof Error ? `: ${last.message}` : "";
  throw new Error(`${what}: not within ${deadlineSeconds.toFixed(0)} s${why}`);
}
