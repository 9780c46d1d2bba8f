import { readdirSync, readFileSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { stateDir } from "../../lib/places";
import { say } from "../terminal/say";
import { ownBackend } from "./pulumi-environment";

/**
 * Removes locks on the stack's state whose holder is dead: a run that was killed leaves its lock behind, and the next
 * one would refuse to continue. Only locks of this machine's own state, made on this machine, are looked at.
 */
export function removeStaleLocks(stack: string): void {
  if (!ownBackend()) return;
  for (const lock of locks(stack)) {
    if (lock.hostname !== hostname() || isPulumi(lock.pid)) continue;
    rmSync(lock.file, { force: true });
    say(`An earlier run (process ${lock.pid}) ended without releasing the state of ${stack}: its lock is removed.`);
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

/** A process number is used again after a while, so the program's name is looked at too. */
function isPulumi(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").startsWith("pulumi");
  } catch {
    return false;
  }
}
