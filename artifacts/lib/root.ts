import { run } from "./run";

/**
 * Runs a script that must be root: ownership and mounts inside a root filesystem are real.
 * @throws with what to do, where we are neither root nor allowed to become it
 */
export async function runAsRoot(script: string, args: string[], beat: (text: string) => void): Promise<void> {
  const onLine = (line: string) => beat(line.slice(0, 100));
  if (process.getuid?.() === 0) {
    await run(script, args, { onLine });
    return;
  }
  await run("sudo", ["-n", "true"]).catch(() => {
    throw new Error(`${script} must run as root: run grunnmur as root, or allow this user sudo without a password`);
  });
  await run("sudo", ["-n", "--preserve-env=GRUNNMUR_DEBIAN_MIRROR", script, ...args], { onLine });
}
