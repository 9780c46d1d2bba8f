import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryPath } from "../../lib/places";
import { moduleSource } from "../lib/modules";
import type { Recipe } from "../lib/store";
import { lockedTool } from "../lock";

const controllers = ["source-controller", "kustomize-controller"];

/** `crds.yaml`: the custom resource definitions of both controllers, as their published modules carry them. */
export const fluxManifestsRecipe: Recipe = {
  name: "flux-manifests",
  needs: [],
  from: controllers.map((name) => lockedTool(name).version),
  files: controllers.map((name) => repositoryPath("artifacts", "modules", name, "go.sum")),
  make: async (work) => {
    const documents: string[] = [];
    for (const name of controllers) {
      const source = await moduleSource(name, lockedTool(name).build.module);
      const folder = join(source, "config", "crd", "bases");
      for (const file of readdirSync(folder).sort()) {
        documents.push(
          readFileSync(join(folder, file), "utf8")
            .replace(/^---\n/, "")
            .trimEnd(),
        );
      }
    }
    writeFileSync(join(work.dir, "crds.yaml"), `${documents.join("\n---\n")}\n`);
    return { definitions: documents.length };
  },
};
