import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join, resolve } from "node:path";

/** The repository: the nearest directory above this file with a `Pulumi.yaml` (from `dist/cli` and from `cli`). */
export function repositoryRoot(): string {
  let directory = __dirname;
  while (!existsSync(join(directory, "Pulumi.yaml"))) {
    const parent = dirname(directory);
    if (parent === directory) throw new Error(`no Pulumi.yaml above ${__dirname}: run grunnmur from its repository`);
    directory = parent;
  }
  return directory;
}

/** Where everything that outlives a run is kept: `GRUNNMUR_HOME`, else below `XDG_DATA_HOME`, else `~/.local/share`. */
export function home(environment: NodeJS.ProcessEnv = process.env): string {
  if (environment.GRUNNMUR_HOME) return resolve(environment.GRUNNMUR_HOME);
  const data = environment.XDG_DATA_HOME;
  // The XDG specification: a relative value is invalid and is ignored.
  return join(data && isAbsolute(data) ? data : join(homedir(), ".local", "share"), "grunnmur");
}

/** Pulumi's own state, its passphrase and its home directory. */
export const stateDir = (): string => join(home(), "state");

/** What a local environment keeps: disks, libvirt directories, pid files, logs. */
export const environmentDir = (stack: string): string => join(home(), "environments", stack);

/** The network namespace of a local environment. */
export const namespaceOf = (stack: string): string => `grunnmur-${stack}`;
