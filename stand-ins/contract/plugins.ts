import { closeSync, existsSync, openSync, readdirSync, readSync } from "node:fs";
import { homedir } from "node:os";
import * as path from "node:path";

/** A program that speaks as Pulumi's command provider, to be held to the contract. */
export interface Candidate {
  label: string;
  command: string[];
  official: boolean;
}

const binary = "pulumi-resource-command";

/** Ours from its sources, so that no build has to come before. */
export const standIn: Candidate = {
  label: "our stand-in",
  command: [process.execPath, "--import", "tsx", path.join(__dirname, "../command/main.ts")],
  official: false,
};

/**
 * The official plugins that this machine has: in the folder that GRUNNMUR_TEST_OFFICIAL_PLUGINS names, on PATH, and where
 * Pulumi puts those that it downloads.
 */
export function officialPlugins(env: NodeJS.ProcessEnv): Candidate[] {
  const named = env.GRUNNMUR_TEST_OFFICIAL_PLUGINS;
  const folders = [
    ...(named ? [named, ...versions(named)] : []),
    ...(env.PATH ?? "").split(":").filter(Boolean),
    ...versions(path.join(env.PULUMI_HOME ?? path.join(homedir(), ".pulumi"), "plugins")),
  ];
  const found = folders
    .map((folder) => path.resolve(folder, binary))
    .filter((file) => existsSync(file) && !isOurs(file));
  if (named && !found.some((file) => file.startsWith(path.resolve(named) + path.sep))) {
    throw new Error(
      `GRUNNMUR_TEST_OFFICIAL_PLUGINS is ${named}, where no official ${binary} lies, nor in a folder resource-command-v… in it`,
    );
  }
  return [...new Set(found)].map((file) => ({ label: `the official ${file}`, command: [file], official: true }));
}

/** Where Pulumi keeps each version of the plugin. */
function versions(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => /^resource-command-v[^/]*(?<!\.lock|\.partial)$/.test(name));
  return names.map((name) => path.join(folder, name));
}

/** Another copy of this repository may be on PATH: a stand-in is a script that says so. */
function isOurs(file: string): boolean {
  const start = Buffer.alloc(200);
  const opened = openSync(file, "r");
  try {
    readSync(opened, start);
  } finally {
    closeSync(opened);
  }
  return start.includes("stand-in for Pulumi's command provider");
}
