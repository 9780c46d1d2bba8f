import { setTimeout as sleep } from "node:timers/promises";

/**
 * Looks until `holds` is true. @returns seconds it took
 * @throws at the deadline, with what `holds` last threw or `what` was waited for
 */
export async function until(what: string, deadlineSeconds: number, holds: () => Promise<boolean>): Promise<number> {
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
