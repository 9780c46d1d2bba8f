import { repositoryPath } from "../../lib/places";
import { goEnvironment } from "./go";
import { run } from "./run";

/**
 * Folder of a published module's source, in the version that `artifacts/modules/<consumer>/go.mod` pins and its
 * `go.sum` vouches for. Downloaded where it is not in Go's cache.
 */
export const moduleSource = (consumer: string, module: string): Promise<string> =>
  sourceIn(repositoryPath("artifacts", "modules", consumer), module);

/** The same of any folder with a `go.mod`. */
export async function sourceIn(cwd: string, module: string): Promise<string> {
  const answer = await run("go", ["mod", "download", "-json", module], { cwd, env: goEnvironment() });
  const { Dir } = JSON.parse(answer) as { Dir?: string };
  if (!Dir) throw new Error(`Go has no source of ${module} for ${cwd}`);
  return Dir;
}
