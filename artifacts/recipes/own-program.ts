import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { goBuild, goEnvironment } from "../lib/go";
import { requireLicence } from "../lib/licence";
import { repositoryPath } from "../lib/repository";
import { run } from "../lib/run";
import type { Recipe } from "../lib/store";
import { lockedImage } from "../lock";

/** A program of ours that runs in the cluster, compiled from `components/<name>/agent` and tested there. */
export function ownProgramRecipe(name: string): Recipe {
  const moduleDir = repositoryPath("components", name, "agent");
  return {
    name,
    needs: [],
    compiles: true,
    from: {},
    files: [moduleDir, repositoryPath("artifacts", "recipes", "own-program.ts")],
    make: async (work) => {
      const { library, also } = lockedImage(name);
      for (const { module, licence } of [...(library ? [library] : []), ...Object.values(also)])
        await requireLicence(moduleDir, module, licence);
      mkdirSync(join(work.dir, "bin"));
      await goBuild({ moduleDir, output: join(work.dir, "bin", name), packages: ["."] }, work.beat);
      work.beat(`testing ${name}`);
      // What it is made of is compiled by now: here and not among the unit tests, which have no compiler to wait for.
      await run("go", ["test", "./..."], { cwd: moduleDir, env: goEnvironment() });
      return { source: "build" };
    },
  };
}
