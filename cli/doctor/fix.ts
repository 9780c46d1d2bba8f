import { join } from "node:path";
import { installHostPackages } from "../../artifacts/host-packages";
import { artifactDir, artifactReady, ensure } from "../../artifacts/store";
import { whenItAnswers } from "../../lib/answering";
import { withKubeconfig } from "../../lib/kubeconfig";
import type { Stack } from "../../stacks/stack";
import { run } from "../here/child";
import { purposesFor } from "../here/host-packages";
import { missingArtifacts } from "../here/preparation";
import type { Outputs } from "../pulumi/outputs";
import { removeStaleLocks } from "../pulumi/stale-lock";
import { say } from "../terminal/say";
import type { Check, Fix } from "./check";

/** Does what is safe about what was found. @returns what was done, in words */
export async function fix(stack: Stack, outputs: Outputs | undefined, checks: readonly Check[]): Promise<string[]> {
  const wanted = new Set(checks.flatMap((check) => check.fix ?? []));
  const done: string[] = [];
  for (const [what, mend] of Object.entries(FIXES)) {
    if (!wanted.has(what as Fix)) continue;
    const told = await mend(stack, outputs);
    if (told === undefined) continue;
    say(told);
    done.push(told);
  }
  return done;
}

type Mend = (stack: Stack, outputs: Outputs | undefined) => Promise<string | undefined>;

const FIXES: Record<Fix, Mend> = {
  packages: async (stack) => {
    await installHostPackages(purposesFor(stack));
    return "Debian packages are installed";
  },
  artifacts: async (stack) => {
    await ensure(missingArtifacts(stack));
    return "the artifacts are in the store";
  },
  lock: async ({ name }) => {
    await removeStaleLocks(name);
    return "the lock of a dead run is removed";
  },
  look: async (_, outputs) => {
    if (!outputs?.kubeconfig || !artifactReady("kubernetes")) return undefined;
    // What Flux's own `reconcile` does.
    const annotation = `reconcile.fluxcd.io/requestedAt=${new Date().toISOString()}`;
    const objects = ["gitrepository/flux-system", "kustomization/flux-system"];
    const args = ["annotate", "--overwrite", "-n", "flux-system", ...objects, annotation];
    const binary = join(artifactDir("kubernetes"), "bin", "kubectl");
    const told = await withKubeconfig(await whenItAnswers(outputs.kubeconfig), (env) =>
      run(binary, args, { env, output: "capture" }),
    );
    return told.code === 0 ? "the agent is told to look at Git now" : undefined;
  },
};
