import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const root = projectRoot(__dirname);

/** The text of a script that stands beside its component, such as `node/scripts/domain-up.sh`. */
export function script(path: string): string {
  return readFileSync(join(root, "components", path), "utf8");
}

/** Compiled code lies in `dist/`, the scripts do not: both are found from the folder that holds `Pulumi.yaml`. */
function projectRoot(folder: string): string {
  if (existsSync(join(folder, "Pulumi.yaml"))) return folder;
  if (dirname(folder) === folder) throw new Error(`no Pulumi.yaml above ${__dirname}: run from the project's checkout`);
  return projectRoot(dirname(folder));
}
