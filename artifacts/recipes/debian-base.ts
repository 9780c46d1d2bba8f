import { join } from "node:path";
import { repositoryPath } from "../../lib/places";
import { runAsRoot } from "../lib/root";
import type { Recipe } from "../lib/store";
import { lock } from "../lock";

const scripts = repositoryPath("artifacts", "golden-image");
const files = ["make-base.sh", "base-before-packages.sh", "base-after-packages.sh"].map((name) => join(scripts, name));

/** `base.tar`: Debian with the packages of a node and nothing else. Apt checks their signatures and digests. */
export const debianBaseRecipe: Recipe = {
  name: "debian-base",
  needs: [],
  from: lock().debian,
  files,
  make: async (work) => {
    const { suite, packages } = lock().debian;
    const output = join(work.dir, "base.tar");
    await runAsRoot(join(scripts, "make-base.sh"), [suite, packages.join(","), output], work.beat);
    return { suite };
  },
};
