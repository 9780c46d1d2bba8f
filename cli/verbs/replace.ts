import type { Command } from "commander";
import { Option } from "commander";
import { ensure } from "../../artifacts/store";
import { onDisks } from "../../stacks/changes";
import type { Node, Stack } from "../../stacks/stack";
import { artifactsFor } from "../here/preparation";
import { readOutputs, requireOutput } from "../pulumi/outputs";
import { readStack } from "../pulumi/stack-file";
import { removeStaleLocks } from "../pulumi/stale-lock";
import { atRisk, keepsData, withDataDisk } from "../roll/data-disks";
import { makeAnew, requireGuestsAreOurs } from "../roll/machine";
import { madeFrom } from "../roll/made-from";
import { lockedKubernetes } from "../roll/newest";
import { namesOf, stackOption, verb, yesOption } from "../terminal/command";
import { say } from "../terminal/say";
import { confirm, requireSomebody } from "../terminal/unattended";
import { UserError } from "../terminal/user-error";

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
        "a node whose data may go, one each time: the registry's, with every image that CI pushed and the Git server's data, or a worker with its volumes; not asked where they are on a data disk",
      ).argParser(namesOf),
    )
    .argument("<node...>", "names of the nodes, as status shows them")
    .action(replace);
}

interface Options {
  stack: string;
  yes?: boolean;
  acceptLoss?: string[];
}

async function replace(names: string[], { stack: name, yes, acceptLoss }: Options): Promise<void> {
  const stack = readStack(name);
  const outputs = await readOutputs(name);
  const nodes = toReplace(stack, names, withDataDisk(outputs), acceptLoss);
  requireSomebody(yes, `replace ${names.join(", ")}`);
  requireGuestsAreOurs(stack);
  requireOutput(name, outputs, "nodes");
  const what = nodes.map((node) => `  ${node.name}: ${lossOf(node, stack, withDataDisk(outputs))}`).join("\n");
  if (!(await confirm(`${what}\nReplace ${names.join(", ")}?`, yes))) throw new UserError("Nothing was replaced.");
  await ensure(artifactsFor(stack));
  await removeStaleLocks(name);
  // Another version of Kubernetes comes by an upgrade alone, which knows the order.
  const newest = (await madeFrom(name)).kubernetes === lockedKubernetes();
  if (!newest) say("They keep the image that they have: Kubernetes would be another. See ./grunnmur upgrade --plan");
  for (const node of nodes) await makeAnew(node, name, newest, `replace ${node.name}`);
  say(`${names.join(", ")}: replaced, and ready.`);
}

/**
 * The declared nodes of these names.
 *
 * @param dataDisks names of the nodes that use a data disk
 * @throws where one cannot be made anew, all that is wrong at once
 */
export function toReplace(
  stack: Stack,
  names: readonly string[],
  dataDisks: ReadonlySet<string>,
  acceptLoss: readonly string[] = [],
): Node[] {
  const wrong: string[] = [];
  const risk = atRisk(stack, dataDisks);
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
    if (risk.has(name) && !acceptLoss.includes(name)) {
      wrong.push(`${name}: ${lossOf(node, stack, dataDisks)}. To go ahead: --accept-loss ${name}`);
    }
    return [node];
  });
  if (wrong.length > 0) throw new UserError(`nothing was replaced:\n${wrong.map((line) => `  ${line}`).join("\n")}`);
  return found;
}

function lossOf(node: Node, stack: Stack, dataDisks: ReadonlySet<string>): string {
  if (node.kind === "existing") return "nothing";
  if (node.role === "control-plane") return "its disk is deleted; the other control planes have the cluster's data";
  const keeps = keepsData(node, dataDisks);
  return onDisks(keeps ? node : { ...node, dataDiskGiB: undefined }, stack, keeps);
}
