import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { repositoryPath } from "../../lib/places";
import { goBuild, goEnvironment } from "../lib/go";
import { run } from "../lib/run";
import type { Recipe } from "../lib/store";

/** The agent that enforces network policies on a node: kube-network-policies, with our own gate before it. */
export const networkPoliciesRecipe: Recipe = {
  name: "network-policies",
  needs: [],
  compiles: true,
  from: {},
  files: [
    repositoryPath("components", "network-policies", "agent"),
    repositoryPath("artifacts", "recipes", "network-policies.ts"),
  ],
  make: async (work) => {
    const moduleDir = repositoryPath("components", "network-policies", "agent");
    mkdirSync(join(work.dir, "bin"));
    await goBuild({ moduleDir, output: join(work.dir, "bin", "network-policies"), packages: ["."] }, work.beat);
    work.beat("testing network-policies");
    // What it is made of is compiled by now: here and not among the unit tests, which have no compiler to wait for.
    await run("go", ["test", "./..."], { cwd: moduleDir, env: goEnvironment() });
    return { source: "build" };
  },
};
