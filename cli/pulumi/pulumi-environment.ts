import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { artifactDir, ensure } from "../../artifacts/store";
import { patienceHere } from "../../lib/machine";
import { home, repositoryPath, stateDir } from "../../lib/places";
import { passphraseFile } from "./passphrase";

/** The Pulumi program from the store; exists once the artifact `pulumi` is ready. */
export const pulumiBinary = (): string => join(artifactDir("pulumi"), "bin", "pulumi");

/**
 * True where Pulumi's release came with its Node language host. Pulumi compiled from published modules has none, and
 * then its resource plugins cannot be downloaded either: both come from the same release sites.
 */
export function hasOfficialPlugins(): boolean {
  return existsSync(join(artifactDir("pulumi"), "bin", "pulumi-language-nodejs"));
}

/**
 * Pulumi prefers plugins on PATH to those that it downloads, so ours are there only in want of its own, and behind what the
 * user has there.
 */
function searchPath(user: string): string {
  const directories = [join(artifactDir("pulumi"), "bin"), user];
  return (hasOfficialPlugins() ? directories : [...directories, repositoryPath("stand-ins", "bin")]).join(delimiter);
}

/**
 * The variables, and only those, with which `pulumi` works on our environments. What the user has set for the backend,
 * the passphrase or Pulumi's home stays as it is and is left out here. Holds no secret: the passphrase's file only.
 */
export function pulumiVariables(user: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const variables: Record<string, string> = {
    GRUNNMUR_HOME: home(user),
    PATH: searchPath(user.PATH ?? ""),
    PULUMI_SKIP_UPDATE_CHECK: "true",
    // The salt is in the state from the stack's first moment; the stack file needs none.
    PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER: "true",
  };
  if (!hasOfficialPlugins()) variables.PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION = "true";
  if (!user.GRUNNMUR_PATIENCE) variables.GRUNNMUR_PATIENCE = String(patienceHere(user));
  if (!user.PULUMI_HOME) variables.PULUMI_HOME = join(stateDir(), "pulumi-home");
  if (!user.PULUMI_BACKEND_URL) variables.PULUMI_BACKEND_URL = `file://${stateDir()}`;
  if (user.PULUMI_CONFIG_PASSPHRASE === undefined && !user.PULUMI_CONFIG_PASSPHRASE_FILE) {
    variables.PULUMI_CONFIG_PASSPHRASE_FILE = passphraseFile();
  }
  return variables;
}

/** True where the state lies in our own directory, and not in a backend that the user chose. */
export const ownBackend = (user: NodeJS.ProcessEnv = process.env): boolean =>
  !user.PULUMI_BACKEND_URL || user.PULUMI_BACKEND_URL === `file://${stateDir()}`;

/**
 * True where there can be stacks. Without Pulumi in the store and without a state there are none; where there is a
 * state, or the user's own backend, Pulumi is fetched to read it.
 */
export async function pulumiIsHere(): Promise<boolean> {
  if (ownBackend() && !existsSync(join(stateDir(), ".pulumi"))) return false;
  await ensure(["pulumi"]);
  return true;
}
