import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { artifactDir, artifactReady } from "../../artifacts/store";
import type { Build } from "../../policies/check/kustomize";

const SECONDS = 10;
const MAX_BYTES = 64 * 2 ** 20;

/** kubectl from the store, else kubectl or kustomize from PATH; undefined where there is none of them. */
export function kustomizeBuild(): Build | undefined {
  const kubectl = artifactReady("kubernetes") ? join(artifactDir("kubernetes"), "bin", "kubectl") : onPath("kubectl");
  if (kubectl !== undefined) return (directory) => build(kubectl, ["kustomize", directory]);
  const kustomize = onPath("kustomize");
  return kustomize === undefined ? undefined : (directory) => build(kustomize, ["build", directory]);
}

function build(program: string, args: string[]): string {
  const done = spawnSync(program, args, { encoding: "utf8", timeout: SECONDS * 1000, maxBuffer: MAX_BYTES });
  if (done.error) throw new Error(done.signal ? `it took longer than ${SECONDS} seconds` : done.error.message);
  if (done.status !== 0) throw new Error(done.stderr);
  return done.stdout;
}

function onPath(program: string): string | undefined {
  return (process.env.PATH ?? "")
    .split(delimiter)
    .map((directory) => join(directory, program))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
