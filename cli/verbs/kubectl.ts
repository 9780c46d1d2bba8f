import { join } from "node:path";
import type { Command } from "commander";
import { artifactDir, artifactReady } from "../../artifacts/store";
import { whenItAnswers } from "../../lib/answering";
import { withKubeconfig } from "../../lib/kubeconfig";
import { run } from "../here/child";
import { readOutputs, requireOutput } from "../pulumi/outputs";
import { stackOption, verb } from "../terminal/command";
import { UserError } from "../terminal/user-error";

/** `kubectl`: the environment's own kubectl with its kubeconfig, which is in memory and only while kubectl runs. */
export function kubectlVerb(): Command {
  return verb("kubectl", "run kubectl on the environment's cluster", [
    "kubectl get nodes",
    "kubectl --stack prod -- get pods --all-namespaces",
  ])
    .addOption(stackOption())
    .argument("[arguments...]", "what kubectl takes")
    .allowUnknownOption()
    .passThroughOptions()
    .action(kubectl);
}

async function kubectl(args: string[], { stack }: { stack: string }): Promise<void> {
  const kubeconfig = requireOutput(stack, await readOutputs(stack), "kubeconfig");
  if (!artifactReady("kubernetes")) {
    throw new UserError(
      `kubectl of the version in artifacts/lock.json is not in the store yet: ./grunnmur up --stack ${stack} brings it`,
    );
  }
  const binary = join(artifactDir("kubernetes"), "bin", "kubectl");
  const { code } = await withKubeconfig(await whenItAnswers(kubeconfig), (env) => run(binary, args, { env }));
  process.exitCode = code;
}
