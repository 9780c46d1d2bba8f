import { existsSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../../lib/places";

/** Every preview and update is checked with these, and with nothing less. */
const PACKS = ["gdpr-data-locality", "resource-limits"];

/**
 * Directories of the policy packs. Their sources hold the pack's description; the program is in `dist`.
 * @throws where one is not there: an environment must not stand up unchecked
 */
export function policyPacks(root = repositoryRoot()): string[] {
  return PACKS.map((name) => {
    const compiled = join(root, "dist", "policies", name, "index.js");
    if (!existsSync(compiled)) throw new Error(`the policy pack ${name} is not compiled: ${compiled} does not exist`);
    return join(root, "policies", name);
  });
}

/** The same as arguments for `pulumi preview` and `pulumi up`. */
export const policyPackArgs = (): string[] => policyPacks().flatMap((directory) => ["--policy-pack", directory]);
