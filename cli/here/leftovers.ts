import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { patienceHere } from "../../lib/machine";
import { environmentDir, namespaceOf, repositoryPath } from "../../lib/places";
import { UserError } from "../terminal/user-error";
import { run } from "./child";
import { namespaceOwner } from "./namespace";

/** Everything on this machine that belongs to a local environment, in words; empty where nothing does. */
export function leftovers(stack: string): string[] {
  const directory = environmentDir(stack);
  return [
    ...processesNaming(directory).map((pid) => `process ${pid} (${commandLine(pid).slice(0, 100)})`),
    ...(namespaceOwner(stack) === "us" ? [`network namespace ${namespaceOf(stack)}`] : []),
    ...mountsBelow(directory).map((mount) => `mount ${mount}`),
    ...(existsSync(directory) ? [`directory ${directory}`] : []),
  ];
}

/** Takes down whatever is left of a local environment, also of a run that was interrupted. Safe to repeat. */
export async function takeDown(stack: string): Promise<void> {
  refuseForeign(stack);
  const script = repositoryPath("components", "node", "scripts", "local-hypervisor-down.sh");
  const directory = environmentDir(stack);
  const env = { ...process.env, STACK: stack, ENV_DIR: directory, GRUNNMUR_PATIENCE: String(patienceHere()) };
  const { code } = await run("bash", [script], { env });
  if (code !== 0) throw new UserError(`taking down the local hypervisor of ${stack} failed: see above. Run it again.`);
  // Never below a mount: that would delete what is mounted there.
  if (mountsBelow(directory).length === 0) rmSync(directory, { recursive: true, force: true });
}

/**
 * The script that takes an environment down ends all that runs in the namespace of that name.
 * @throws UserError where that belongs to an environment in another home
 */
export function refuseForeign(stack: string): void {
  const owner = namespaceOwner(stack);
  if (typeof owner === "string") return;
  throw new UserError(
    `the network namespace ${namespaceOf(stack)} belongs to the environment in ${owner.directory}, not to the one in ` +
      `${environmentDir(stack)}: there can be one ${stack} on a machine. Destroy that one with its own GRUNNMUR_HOME first.`,
  );
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

/** Whether a guest of the local environment runs, as its emulator's command line says; undefined where none is here. */
export function guestRuns(stack: string, node: string): boolean | undefined {
  const directory = environmentDir(stack);
  if (!existsSync(directory)) return undefined;
  return processesNaming(directory).some((pid) => commandLine(pid).includes(` guest=${node},`));
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
