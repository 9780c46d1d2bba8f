import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { run } from "./child";
import { environmentDir, namespaceOf, repositoryRoot } from "./places";
import { UserError } from "./user-error";

/** Everything on this machine that belongs to a local environment, in words; empty where nothing does. */
export function leftovers(stack: string): string[] {
  const directory = environmentDir(stack);
  return [
    ...processesNaming(directory).map((pid) => `process ${pid} (${commandLine(pid).slice(0, 100)})`),
    ...["/run/netns", "/var/run/netns"]
      .filter((place) => existsSync(join(place, namespaceOf(stack))))
      .slice(0, 1)
      .map(() => `network namespace ${namespaceOf(stack)}`),
    ...mountsBelow(directory).map((mount) => `mount ${mount}`),
    ...(existsSync(directory) ? [`directory ${directory}`] : []),
  ];
}

/** Takes down whatever is left of a local environment, also of a run that was interrupted. Safe to repeat. */
export async function takeDown(stack: string): Promise<void> {
  const script = join(repositoryRoot(), "components", "node", "scripts", "local-hypervisor-down.sh");
  const directory = environmentDir(stack);
  const env = { ...process.env, STACK: stack, ENV_DIR: directory };
  const { code } = await run("bash", [script], { env });
  if (code !== 0) throw new UserError(`taking down the local hypervisor of ${stack} failed: see above. Run it again.`);
  // Never below a mount: that would delete what is mounted there.
  if (mountsBelow(directory).length === 0) rmSync(directory, { recursive: true, force: true });
}

function commandLine(pid: string): string {
  try {
    return readFileSync(join("/proc", pid, "cmdline"), "utf8")
      .replaceAll("\0", " ")
      .trim();
  } catch {
    return "";
  }
}

/** Processes with a path of the environment's directory on their command line, as every one that it starts has. */
function processesNaming(directory: string): string[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry) && entry !== String(process.pid))
    .filter((pid) => mentions(commandLine(pid), directory));
}

/** Whole path components only: the directory of `local` is no part of that of `local-2`. */
export function mentions(text: string, directory: string): boolean {
  const at = text.indexOf(directory);
  return at >= 0 && /^([/\s,:;'"]|$)/.test(text.slice(at + directory.length));
}

function mountsBelow(directory: string): string[] {
  return readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .map((line) => (line.split(" ")[1] ?? "").replaceAll("\\040", " "))
    .filter((mount) => mount === directory || mount.startsWith(`${directory}/`));
}
