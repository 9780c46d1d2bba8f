import { readFileSync } from "node:fs";
import { repositoryPath } from "../lib/places";

/** The text of a script that stands beside its component, such as `node/scripts/domain-up.sh`. */
export function script(path: string): string {
  return readFileSync(repositoryPath("components", path), "utf8");
}

/** What every script that runs on this machine is given: bash, and not what its last run wrote. */
export const onThisMachine = { interpreter: ["/bin/bash", "-c"], addPreviousOutputInEnv: false };
