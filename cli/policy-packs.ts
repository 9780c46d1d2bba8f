import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "./places";

/** Directories of the compiled policy packs that every preview and update is checked with. */
export function policyPacks(root = repositoryRoot()): string[] {
  const packs = join(root, "dist", "policies", "packs");
  if (!existsSync(packs)) return [];
  return readdirSync(packs)
    .sort()
    .map((name) => join(packs, name))
    .filter((directory) => existsSync(join(directory, "PulumiPolicy.yaml")));
}

/** The same as arguments for `pulumi preview` and `pulumi up`. */
export const policyPackArgs = (): string[] => policyPacks().flatMap((directory) => ["--policy-pack", directory]);
