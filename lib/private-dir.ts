import { accessSync, constants, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** The first place that never reaches a disk, else the temporary directory. */
function memoryDir(): string {
  for (const candidate of [process.env.XDG_RUNTIME_DIR, "/dev/shm"]) {
    if (!candidate) continue;
    try {
      accessSync(candidate, constants.W_OK | constants.X_OK);
      return candidate;
    } catch {
      // Not there or not ours: the next one.
    }
  }
  return tmpdir();
}

/** Removes what a run that was killed outright could not: our own directories whose process is gone. */
function removeOrphans(place: string): void {
  for (const name of readdirSync(place)) {
    const pid = /^grunnmur-(\d+)-\w{6}$/.exec(name)?.[1];
    if (!pid || existsSync(`/proc/${pid}`)) continue;
    if (statSync(join(place, name), { throwIfNoEntry: false })?.uid !== process.getuid?.()) continue;
    rmSync(join(place, name), { recursive: true, force: true });
  }
}

/**
 * Runs `work` with a directory (mode 0700, in memory where there is any) that is removed afterwards, whatever happens:
 * return, error, signal. Signals are caught while `work` runs, so that the child process they also reach can end first.
 * @param place where it is made, for what is no secret
 */
export async function withPrivateDir<T>(work: (directory: string) => Promise<T>, place = memoryDir()): Promise<T> {
  removeOrphans(place);
  const directory = mkdtempSync(join(place, `grunnmur-${process.pid}-`));
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  const ignore = (): void => undefined;
  process.on("exit", remove);
  for (const signal of SIGNALS) process.on(signal, ignore);
  try {
    return await work(directory);
  } finally {
    remove();
    process.off("exit", remove);
    for (const signal of SIGNALS) process.off(signal, ignore);
  }
}
