import { join } from "node:path";
import { artifactDir } from "../../artifacts/store";
import { whenItAnswers } from "../../lib/answering";
import { withKubeconfig } from "../../lib/kubeconfig";
import { patienceHere } from "../../lib/machine";
import type { Stack } from "../../stacks/stack";
import { run } from "../here/child";
import { type InventoryEntry, inventory } from "../status/inventory";
import { say } from "../terminal/say";
import { deployed } from "./deployed";
import { readOutputs } from "./outputs";

type Source = Pick<Stack["sync"], "repository" | "branch" | "path">;

/**
 * Names what the agent holds of the source that is deployed, where the stack file has another: of that, it deletes what it
 * does not find in the new one. Says nothing where the source stays.
 */
export async function tellPrune(stack: Stack): Promise<void> {
  const source = (await deployed(stack.name))?.stack.sync;
  if (!source || sourceOf(source) === sourceOf(stack.sync)) return;
  const lines = await applied(stack.name);
  say(
    lines
      ? `The agent applied these from ${sourceOf(source)}. What ${sourceOf(stack.sync)} does not have of them is deleted:\n${lines.map((line) => `  ${line}`).join("\n")}`
      : `The source of the agent changes, and the cluster does not say what it applied from ${sourceOf(source)}: what the new one does not have is deleted.`,
  );
}

const sourceOf = ({ repository, branch, path }: Source): string => `${path} of branch ${branch} of ${repository}`;

async function applied(stack: string): Promise<string[] | undefined> {
  const { kubeconfig } = (await readOutputs(stack)) ?? {};
  if (!kubeconfig) return undefined;
  const args = [
    "get",
    "kustomization",
    "flux-system",
    "--namespace=flux-system",
    "--output=json",
    `--request-timeout=${20 * patienceHere()}s`,
  ];
  const kubectl = join(artifactDir("kubernetes"), "bin", "kubectl");
  const { code, stdout } = await withKubeconfig(await whenItAnswers(kubeconfig), (env) =>
    run(kubectl, args, { env, output: "capture", timeoutSeconds: 40 * patienceHere() }),
  );
  if (code !== 0) return undefined;
  const { status } = JSON.parse(stdout) as { status?: { inventory?: { entries?: InventoryEntry[] } } };
  return inventory(status?.inventory?.entries ?? []);
}
