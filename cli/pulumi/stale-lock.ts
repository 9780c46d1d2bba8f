import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { stateDir } from "../../lib/places";
import { say } from "../terminal/say";
import { ownBackend } from "./pulumi-environment";

/** Variable in which Pulumi has the process number of the one that started it. */
export const STARTED_BY = "GRUNNMUR_STARTED_BY";

const PATIENCE_SECONDS = 1800;

/**
 * Removes locks on the stack's state whose holder is dead: a run that was killed leaves its lock behind, and the next
 * one would refuse to continue. A Pulumi that outlives who started it is about to end, and is waited for. Only locks of this
 * machine's own state, made on this machine, are looked at.
 */
export async function removeStaleLocks(stack: string): Promise<void> {
  if (!ownBackend()) return;
  for (const lock of locks(stack)) {
    if (lock.hostname !== hostname()) continue;
    await endOfOrphan(lock.pid);
    if (isPulumi(lock.pid) || !existsSync(lock.file)) continue;
    rmSync(lock.file, { force: true });
    say(`An earlier run (process ${lock.pid}) ended without releasing the state of ${stack}: its lock is removed.`);
  }
}

/** Processes that are dead and still hold the stack's state. */
export function deadLocks(stack: string): number[] {
  if (!ownBackend()) return [];
  return locks(stack).flatMap((lock) => (lock.hostname === hostname() && !isPulumi(lock.pid) ? [lock.pid] : []));
}

async function endOfOrphan(pid: number): Promise<void> {
  if (!isOrphan(pid)) return;
  say(`An earlier run was cut off, and its Pulumi (process ${pid}) ends what it has begun: waiting for it.`);
  const deadline = performance.now() + PATIENCE_SECONDS * 1000;
  while (isOrphan(pid) && performance.now() < deadline) await sleep(500);
}

function isOrphan(pid: number): boolean {
  if (!isPulumi(pid)) return false;
  try {
    const startedBy = new RegExp(`(?:^|\\0)${STARTED_BY}=(\\d+)`).exec(
      readFileSync(`/proc/${pid}/environ`, "utf8"),
    )?.[1];
    const parent = /^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return startedBy !== undefined && startedBy !== parent;
  } catch {
    return false; // it has ended, or is another user's
  }
}

interface Lock {
  file: string;
  pid: number;
  hostname: string;
}

// Where and what is Pulumi's: pkg/backend/diy/lock.go.
function locks(stack: string): Lock[] {
  const directory = join(stateDir(), ".pulumi", "locks", "organization", "grunnmur", stack);
  return entries(directory).flatMap((name) => {
    const file = join(directory, name);
    try {
      return [{ ...(JSON.parse(readFileSync(file, "utf8")) as Omit<Lock, "file">), file }];
    } catch {
      // Half written or gone meanwhile: its owner is alive.
      return [];
    }
  });
}

function entries(directory: string): string[] {
  try {
    return readdirSync(directory).filter((name) => name.endsWith(".json"));
  } catch {
    return [];
  }
}

/** A process number is used again after a while, so the program's name is looked at too. One that only nobody reaped has ended. */
function isPulumi(pid: number): boolean {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return /^Name:\s*pulumi/m.test(status) && !/^State:\s*Z/m.test(status);
  } catch {
    return false;
  }
}
