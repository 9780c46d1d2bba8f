import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join, resolve } from "node:path";

/**
 * The repository: the nearest folder above this file with a `Pulumi.yaml`. Compiled code lies in `dist/`, which holds
 * no script, module or stack file, so nothing is found relative to the file that asks.
 */
export function repositoryRoot(): string {
  root ??= findRoot(__dirname);
  return root;
}

/** Absolute path inside the repository's source tree. */
export const repositoryPath = (...parts: string[]): string => join(repositoryRoot(), ...parts);

let root: string | undefined;

function findRoot(folder: string): string {
  if (existsSync(join(folder, "Pulumi.yaml"))) return folder;
  if (dirname(folder) === folder)
    throw new Error(`no Pulumi.yaml above ${__dirname}: run grunnmur from its repository`);
  return findRoot(dirname(folder));
}

/** Where everything that outlives a run is kept: `GRUNNMUR_HOME`, else below `XDG_DATA_HOME`, else `~/.local/share`. */
export function home(environment: NodeJS.ProcessEnv = process.env): string {
  if (environment.GRUNNMUR_HOME) return resolve(environment.GRUNNMUR_HOME);
  const data = environment.XDG_DATA_HOME;
  // The XDG specification: a relative value is invalid and is ignored.
  return join(data && isAbsolute(data) ? data : join(homedir(), ".local", "share"), "grunnmur");
}

/** Every artifact. Outside the source tree, so that clones share it and a clean-up spares it. */
export const storeRoot = (): string => join(home(), "store");

/** What `check` has built of kustomizations. */
export const reviewCache = (): string => join(home(), "review-cache");

/** Pulumi's own state, its passphrase and its home directory. */
export const stateDir = (): string => join(home(), "state");

/** What a local environment keeps: disks, libvirt directories, pid files, logs. Removed whole on destroy. */
export const environmentDir = (stack: string): string => join(home(), "environments", stack);

/** The network namespace of a local environment. */
export const namespaceOf = (stack: string): string => `grunnmur-${stack}`;
