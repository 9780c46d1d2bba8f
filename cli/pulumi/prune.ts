import { join } from "node:path";
import { artifactDir } from "../../artifacts/store";
import { whenItAnswers } from "../../lib/answering";
import { withKubeconfig } from "../../lib/kubeconfig";
import { patienceHere } from "../../lib/machine";
import type { Stack } from "../../stacks/stack";
import { run } from "../here/child";
import { type InventoryEntry, inventory } from "../status/inventory";
import { say } from "../terminal/say";
import { readOutputs } from "./outputs";
import { existingStacks, pulumiOutput } from "./pulumi";

type Source = Pick<Stack["sync"], "repository" | "branch" | "path">;

/**
 * Names what the agent holds of the source that is deployed, where the stack file has another: of that, it deletes what it
 * does not find in the new one. Says nothing where the source stays.
 */
export async function tellPrune(stack: Stack): Promise<void> {
  const deployed = await deployedSource(stack.name);
  if (!deployed || sourceOf(deployed) === sourceOf(stack.sync)) return;
  const lines = await applied(stack.name);
  say(
    lines
      ? `The agent applied these from ${sourceOf(deployed)}. What ${sourceOf(stack.sync)} does not have of them is deleted:\n${lines.map((line) => `  ${line}`).join("\n")}`
      : `The source of the agent changes, and the cluster does not say what it applied from ${sourceOf(deployed)}: what the new one does not have is deleted.`,
  );
}

const sourceOf = ({ repository, branch, path }: Source): string => `${path} of branch ${branch} of ${repository}`;

/** From the state, whose platform has the stack that was deployed as its inputs. */
async function deployedSource(stack: string): Promise<Source | undefined> {
  if (!(await existingStacks()).includes(stack)) return undefined;
  const { deployment } = JSON.parse(await pulumiOutput(["stack", "export", "--stack", stack])) as {
    deployment?: { resources?: { type: string; inputs?: { sync?: Source } }[] };
  };
  return deployment?.resources?.find(({ type }) => type === "grunnmur:platform:Platform")?.inputs?.sync;
}

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
