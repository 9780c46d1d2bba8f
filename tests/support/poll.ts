import { setTimeout as sleep } from "node:timers/promises";
import { patienceHere } from "../../lib/machine";

/**
 * Looks until `holds` is true, for so many seconds where guests have real CPUs and longer as the machine asks. @returns seconds it took
 * @throws at the deadline, with what `holds` last threw or `what` was waited for
 */
export async function until(what: string, seconds: number, holds: () => Promise<boolean>): Promise<number> {
  const deadlineSeconds = seconds * patienceHere();
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
    await sleep(1000);
  }
  const why = last instanceof Error ? `: ${last.message}` : "";
  throw new Error(`${what}: not within ${deadlineSeconds} s${why}`);
}
