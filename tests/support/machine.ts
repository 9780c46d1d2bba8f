import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { environmentDir, namespaceOf } from "../../lib/places";

/** What this machine shows of an environment, looked up without the code that takes it down. */
export function traces(stack: string): string[] {
  const directory = environmentDir(stack);
  return [
    ...processesOf(stack).map(({ pid, command }) => `process ${pid}: ${command}`),
    ...(existsSync(`/run/netns/${namespaceOf(stack)}`) ? [`namespace ${namespaceOf(stack)}`] : []),
    ...readFileSync("/proc/mounts", "utf8")
      .split("\n")
      .filter((line) => line.includes(`${directory}/`) || line.includes(`${namespaceOf(stack)} `)),
    ...(existsSync(directory) ? [directory] : []),
  ];
}

/** Processes that name the environment's directory or namespace, with their resident memory in MiB. */
export function processesOf(stack: string): { pid: number; command: string; memoryMiB: number }[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry) => {
      const command = read(entry, "cmdline").replaceAll("\0", " ").trim();
      if (!command.includes(`${environmentDir(stack)}/`) && !command.includes(namespaceOf(stack))) return [];
      const kibibytes = /^VmRSS:\s+(\d+)/m.exec(read(entry, "status"))?.[1];
      return [{ pid: Number(entry), command: command.slice(0, 160), memoryMiB: Number(kibibytes ?? 0) / 1024 }];
    });
}

function read(pid: string, file: string): string {
  try {
    return readFileSync(join("/proc", pid, file), "utf8");
  } catch {
    return "";
  }
}
