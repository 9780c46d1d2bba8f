import { join } from "node:path";
import type { Command } from "commander";
import { Option } from "commander";
import { artifactDir, ensure } from "../../artifacts/store";
import { atWhomAnswers } from "../../lib/answering";
import { withKubeconfig } from "../../lib/kubeconfig";
import { patienceHere } from "../../lib/machine";
import type { Node, Stack } from "../../stacks/stack";
import { run } from "../here/child";
import { refuseForeign } from "../here/leftovers";
import { artifactsFor } from "../here/preparation";
import { withObligations } from "../pulumi/obligations";
import { readOutputs, requireOutput } from "../pulumi/outputs";
import { pulumiOutput } from "../pulumi/pulumi";
import { readStack, runsHere } from "../pulumi/stack-file";
import { removeStaleLocks } from "../pulumi/stale-lock";
import { summary } from "../pulumi/summary";
import { traced } from "../pulumi/trace";
import { stackOption, verb, yesOption } from "../terminal/command";
import { say } from "../terminal/say";
import { confirm, requireSomebody } from "../terminal/unattended";
import { UserError } from "../terminal/user-error";
import { failed, updateTwiceIfNeeded } from "./up";

/** `replace`: the machines of nodes made anew, dead or alive, one after the other. */
export function replaceVerb(): Command {
  return verb("replace", "make the machine of a node anew, whether it runs or not", [
    "replace worker-1",
    "replace --stack prod --yes worker-2 worker-3",
  ])
    .addOption(stackOption())
    .addOption(yesOption())
    .addOption(
      new Option(
        "--accept-loss <name>",
        "the registry's node, with every image that CI pushed and the Git server's data",
      ),
    )
    .argument("<node...>", "names of the nodes, as status shows them")
    .action(replace);
}

interface Options {
  stack: string;
  yes?: boolean;
  acceptLoss?: string;
}

async function replace(names: string[], { stack: name, yes, acceptLoss }: Options): Promise<void> {
  const stack = readStack(name);
  const nodes = toReplace(stack, names, acceptLoss);
  requireSomebody(yes, `replace ${names.join(", ")}`);
  if (runsHere(stack) && process.getuid?.() !== 0)
    throw new UserError("guests of this machine need root: run it as root");
  if (runsHere(stack)) refuseForeign(name);
  requireOutput(name, await readOutputs(name), "nodes");
  const what = nodes.map((node) => `  ${node.name}: ${lossOf(node, stack)}`).join("\n");
  if (!(await confirm(`${what}\nReplace ${names.join(", ")}?`, yes))) throw new UserError("Nothing was replaced.");
  await ensure(artifactsFor(stack));
  removeStaleLocks(name);
  for (const node of nodes) await replaceOne(node, name);
  say(`${names.join(", ")}: replaced, and ready.`);
}

/** The declared nodes of these names. @throws where one cannot be made anew, all that is wrong at once */
export function toReplace(stack: Stack, names: readonly string[], acceptLoss?: string): Node[] {
  const wrong: string[] = [];
  const controlPlanes = stack.nodes.filter(({ role }) => role === "control-plane");
  const found = [...new Set(names)].flatMap((name) => {
    const node = stack.nodes.find((candidate) => candidate.name === name);
    if (!node) {
      wrong.push(`${stack.name} has no node "${name}": it has ${stack.nodes.map((one) => one.name).join(", ")}`);
      return [];
    }
    if (node.kind === "existing") {
      wrong.push(`${name} is a machine that grunnmur did not make: install it anew yourself, then run up`);
    }
    if (node.role === "control-plane" && controlPlanes.length === 1) {
      wrong.push(`${name} is the only control plane, and the cluster is what is on its disk: add two others first`);
    }
    if (node.role === "registry" && acceptLoss !== name) {
      wrong.push(`${name}: ${lossOf(node, stack)}. To go ahead: --accept-loss ${name}`);
    }
    return [node];
  });
  if (wrong.length > 0) throw new UserError(`nothing was replaced:\n${wrong.map((line) => `  ${line}`).join("\n")}`);
  return found;
}

function lossOf({ role, kind }: Node, { sync }: Stack): string {
  if (kind === "existing") return "nothing";
  if (role === "control-plane") return "its disk is deleted; the other control planes have the cluster's data";
  if (role === "worker") return "its disk is deleted, with the volumes and logs of the pods that ran there";
  const git =
    sync.gitHost.kind === "registry-node" ? " and the Git repositories, of which nothing else has a copy" : "";
  return `its disk is deleted, with every image that CI pushed${git}`;
}

async function replaceOne(node: Node, stack: string): Promise<void> {
  const disk = await diskOf(node.name, stack);
  if (!disk) {
    throw new UserError(
      `the state of ${stack} has no disk of ${node.name}: an earlier run broke off while it was replaced. ./grunnmur up --stack ${stack} goes on with it`,
    );
  }
  say(`${node.name}: ${node.role === "registry" ? "" : "leaves the cluster, then "}its machine is made anew`);
  const began = performance.now();
  const result = await traced(undefined, (trace) =>
    withObligations(stack, () => updateTwiceIfNeeded(stack, false, [], trace, ["--replace", disk.urn])),
  );
  say(summary(result.stages, result, (performance.now() - began) / 1000).join("\n"));
  if (result.code !== 0) throw new UserError(failed(stack, result), result.code >= 128 ? result.code : 1);
  // A second run may go well because the first did not come so far.
  if ((await diskOf(node.name, stack))?.id === disk.id) {
    throw new UserError(`${node.name} is as it was: its machine was not made anew. Run ./grunnmur replace again`);
  }
  if (node.role !== "registry") await untilReady(node.name, stack);
}

/** The next node is not touched before this one carries its part. */
async function untilReady(node: string, stack: string): Promise<void> {
  const kubeconfig = requireOutput(stack, await readOutputs(stack), "kubeconfig");
  const kubectl = join(artifactDir("kubernetes"), "bin", "kubectl");
  const seconds = Math.round(600 * patienceHere());
  const args = ["wait", `node/${node}`, "--for=condition=Ready", `--timeout=${seconds}s`];
  const { code, stderr } = await withKubeconfig(await atWhomAnswers(kubeconfig), (env) =>
    run(kubectl, args, { env, output: "capture", timeoutSeconds: seconds + 60 }),
  );
  if (code !== 0) {
    throw new UserError(
      `${node} is made anew and not ready after ${seconds} s, and no other was touched: ./grunnmur ssh ${node} journalctl -u kubelet\n${stderr.trim()}`,
    );
  }
}

async function diskOf(node: string, stack: string): Promise<{ urn: string; id: string } | undefined> {
  const { deployment } = JSON.parse(await pulumiOutput(["stack", "export", "--stack", stack])) as {
    deployment?: { resources?: { urn: string; id?: string; delete?: boolean }[] };
  };
  const found = deployment?.resources?.find(({ urn, delete: going }) => !going && urn.endsWith(`::${node}-disk`));
  return found && { urn: found.urn, id: found.id ?? "" };
}
