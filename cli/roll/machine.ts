import { join } from "node:path";
import { artifactDir } from "../../artifacts/store";
import { whenItAnswers } from "../../lib/answering";
import { withKubeconfig } from "../../lib/kubeconfig";
import { patienceHere } from "../../lib/machine";
import type { Node, Stack } from "../../stacks/stack";
import { run } from "../here/child";
import { refuseForeign } from "../here/leftovers";
import { change } from "../pulumi/converge";
import { readOutputs, requireOutput } from "../pulumi/outputs";
import { runsHere } from "../pulumi/stack-file";
import { say } from "../terminal/say";
import { UserError } from "../terminal/user-error";
import { madeFrom } from "./made-from";

/** @throws where this user, or this home, may not change the guests of a stack */
export function requireGuestsAreOurs(stack: Stack): void {
  if (!runsHere(stack)) return;
  if (process.getuid?.() !== 0) throw new UserError("guests of this machine need root: run it as root");
  refuseForeign(stack.name);
}

/**
 * Makes the machine of a node anew, dead or alive, and waits until it carries its part.
 * @param newest from the newest image; otherwise from the one that it was made from
 * @param verb what goes on with it where it breaks off
 */
export async function makeAnew(node: Node, stack: string, newest: boolean, verb: string): Promise<void> {
  const disk = await diskOf(node.name, stack);
  say(
    disk
      ? `${node.name}: ${node.role === "registry" ? "" : "leaves the cluster, then "}its machine is made anew`
      : `${node.name}: an earlier run broke off while its machine was made anew, and is gone on with`,
  );
  await change(stack, { replace: disk ? [disk.urn] : [], anew: newest ? [node.name] : [] }, verb);
  // A second run may go well because the first did not come so far.
  const now = await diskOf(node.name, stack);
  if (!now || now.id === disk?.id) {
    throw new UserError(`${node.name} is as it was: its machine was not made anew. Run ./grunnmur ${verb} again`);
  }
  if (node.role !== "registry") await untilReady(node.name, stack);
}

/** The next node is not touched before this one carries its part. */
async function untilReady(node: string, stack: string): Promise<void> {
  const kubeconfig = requireOutput(stack, await readOutputs(stack), "kubeconfig");
  const kubectl = join(artifactDir("kubernetes"), "bin", "kubectl");
  const seconds = Math.round(600 * patienceHere());
  const args = ["wait", `node/${node}`, "--for=condition=Ready", `--timeout=${seconds}s`];
  const { code, stderr } = await withKubeconfig(await whenItAnswers(kubeconfig), (env) =>
    run(kubectl, args, { env, output: "capture", timeoutSeconds: seconds + 60 }),
  );
  if (code !== 0) {
    throw new UserError(
      `${node} is made anew and not ready after ${seconds} s, and no other was touched: ./grunnmur ssh ${node} journalctl -u kubelet\n${stderr.trim()}`,
    );
  }
}

const diskOf = async (node: string, stack: string) => (await madeFrom(stack)).disks.get(node);
