import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { repositoryPath } from "../../lib/places";
import { goBuild } from "../lib/go";
import type { Recipe } from "../lib/store";

/** The program with which `check` reads manifests as the cluster does: our own, from the agent's own packages. */
export const manifestReaderRecipe: Recipe = {
  name: "manifest-reader",
  needs: [],
  compiles: true,
  from: {},
  files: [repositoryPath("policies", "reader"), repositoryPath("artifacts", "recipes", "manifest-reader.ts")],
  make: async (work) => {
    const moduleDir = repositoryPath("policies", "reader");
    mkdirSync(join(work.dir, "bin"));
    await goBuild({ moduleDir, output: join(work.dir, "bin", "reader"), packages: ["."] }, work.beat);
    return { source: "build" };
  },
};
