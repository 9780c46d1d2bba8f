import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { type Progress, terminalProgress } from "./lib/progress";
import { run } from "./lib/run";
import { lock } from "./lock";

/**
 * Debian packages that this machine lacks, by what they are for.
 * @param purposes the lock's headings under `hostPackages`; all but the tests' when absent
 * @throws on a machine without dpkg
 */
export function missingHostPackages(purposes = usualPurposes()): string[] {
  const wanted = new Set(purposes.flatMap(packagesFor));
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg expands it
  const answer = spawnSync("dpkg-query", ["-W", "-f", "${Package} ${db:Status-Status}\n"], { encoding: "utf8" });
  if (answer.error) {
    throw new Error("this machine has no dpkg: grunnmur runs on Debian 12 or newer, or on a relative of it");
  }
  return missingFrom(wanted, answer.stdout);
}

/** @param dpkg lines of "<package> <status>", as `dpkg-query` prints them */
export function missingFrom(wanted: Iterable<string>, dpkg: string): string[] {
  const installed = new Set(
    dpkg
      .split("\n")
      .filter((line) => line.endsWith(" installed"))
      .map((line) => line.split(" ")[0]),
  );
  return [...wanted].filter((name) => !installed.has(name)).sort();
}

/**
 * Installs what is missing, after saying what. Does nothing when all is there.
 * @throws with the command to type, where we are neither root nor allowed sudo without a password
 */
export async function installHostPackages(purposes?: string[], progress: Progress = terminalProgress): Promise<void> {
  const missing = missingHostPackages(purposes);
  if (missing.length === 0) return;
  const prefix = rootPrefix(missing);
  progress.note(`installing Debian packages: ${missing.join(" ")}`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const [command = "apt-get", ...args] = [...prefix, "apt-get"];
  // A machine fresh from its installer has no package lists yet.
  if (!existsSync("/var/lib/apt/lists/partial") || noLists()) await run(command, [...args, "update"], { env });
  await run(command, [...args, "install", "--yes", "--no-install-recommends", ...missing], { env });
}

function rootPrefix(missing: string[]): string[] {
  if (process.getuid?.() === 0) return [];
  if (spawnSync("sudo", ["-n", "true"]).status === 0) return ["sudo", "-n", "--preserve-env=DEBIAN_FRONTEND"];
  throw new Error(
    `these Debian packages are missing, and this user may not install them: ${missing.join(" ")}\n` +
      `    Ask somebody who may to run: apt-get install --no-install-recommends ${missing.join(" ")}`,
  );
}

function noLists(): boolean {
  const answer = spawnSync("apt-get", ["indextargets", "--format", "$(FILENAME)", "Created-By: Packages"], {
    encoding: "utf8",
  });
  return !answer.stdout?.trim();
}

function usualPurposes(): string[] {
  return Object.keys(lock().hostPackages).filter((purpose) => purpose !== "the tests");
}

function packagesFor(purpose: string): string[] {
  const found = lock().hostPackages[purpose];
  if (!found) {
    throw new Error(
      `lock.json has no host packages for "${purpose}"; it has ${Object.keys(lock().hostPackages).join(", ")}`,
    );
  }
  return found;
}
