import { spawn } from "node:child_process";
import { once } from "node:events";

/**
 * Runs `work` while holding the lock on `file`, so that two runs never make the same thing at once.
 *
 * The kernel keeps the lock for a small child process that lives as long as its standard input, which is a pipe from
 * us. However we end, the pipe closes and the lock is free: no stale lock file, no guessing whether a pid is alive.
 * @param waiting called once when somebody else holds it
 */
export async function guarded<T>(file: string, waiting: () => void, work: () => Promise<T>): Promise<T> {
  const holder = spawn("flock", ["--exclusive", file, "sh", "-c", "echo held; exec cat >/dev/null"], {
    stdio: ["pipe", "pipe", "inherit"],
    detached: true, // an interrupt typed at the terminal must not take the lock away before us
  });
  const exited = once(holder, "exit");
  const notice = setTimeout(waiting, 500);
  try {
    await Promise.race([
      once(holder.stdout, "data"),
      exited.then(([code]) => Promise.reject(new Error(`flock on ${file} ended with ${code}`))),
    ]);
    clearTimeout(notice);
    return await work();
  } finally {
    clearTimeout(notice);
    holder.stdin.end();
    await exited.catch(() => {});
  }
}
