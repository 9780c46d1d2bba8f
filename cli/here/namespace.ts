import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { environmentDir, home, namespaceOf } from "../../lib/places";

/** Whose the network namespace of a local environment is: names do not tell, as another home may have the same stack. */
export type Owner = "nobody" | "us" | { directory: string };

/** Looks at what runs in the namespace: everything there names its environment's directory on its command line. */
export function namespaceOwner(stack: string): Owner {
  const file = join("/run/netns", namespaceOf(stack));
  if (!existsSync(file)) return "nobody";
  return ownerOf(commandsIn(statSync(file).ino), stack) ?? "us";
}

/** A hint where nothing of ours is up and the machine has such an environment all the same; else empty. */
export function elsewhere(stack: string): string {
  if (!existsSync(join("/run/netns", namespaceOf(stack)))) return "";
  return (
    `. This machine has a network namespace ${namespaceOf(stack)}, of another user's environment or of one with another ` +
    `GRUNNMUR_HOME than ${home()}: was up run with sudo?`
  );
}

/** The owner that command lines speak of; undefined where they name no environment. */
export function ownerOf(commands: string[], stack: string): Owner | undefined {
  const directories = commands.flatMap((command) =>
    [...command.matchAll(/(\/[^\s,:'"=]*\/environments\/([a-z0-9-]+))(?=[/\s,:'"]|$)/g)]
      .filter(([, , name]) => name === stack)
      .map(([, directory]) => directory ?? ""),
  );
  if (directories.includes(environmentDir(stack))) return "us";
  const [directory] = directories;
  return directory === undefined ? undefined : { directory };
}

function commandsIn(namespace: number): string[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((pid) => {
      try {
        if (statSync(`/proc/${pid}/ns/net`).ino !== namespace) return [];
        return [readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim()];
      } catch {
        // Gone meanwhile, or another user's: an environment of ours runs as us.
        return [];
      }
    });
}
