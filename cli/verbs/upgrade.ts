import { type Command, Option } from "commander";
import { ensure } from "../../artifacts/store";
import { patienceHere } from "../../lib/machine";
import type { Stack } from "../../stacks/stack";
import { artifactsFor } from "../here/preparation";
import { change } from "../pulumi/converge";
import { readOutputs, requireOutput } from "../pulumi/outputs";
import { readStack } from "../pulumi/stack-file";
import { removeStaleLocks } from "../pulumi/stale-lock";
import { atRisk, withDataDisk } from "../roll/data-disks";
import { makeAnew, requireGuestsAreOurs } from "../roll/machine";
import { madeFrom } from "../roll/made-from";
import { newest } from "../roll/newest";
import { hasWork, type Plan, planOf, type Step } from "../roll/plan";
import { Running, type Workloads } from "../roll/running";
import { namesOf, stackOption, verb, yesOption } from "../terminal/command";
import { print, say } from "../terminal/say";
import { table } from "../terminal/table";
import { confirm, requireSomebody } from "../terminal/unattended";
import { UserError } from "../terminal/user-error";

/** `upgrade`: Kubernetes, and then the machines, to what artifacts/lock.json names, one node at a time. */
export function upgradeVerb(): Command {
  return verb("upgrade", "bring Kubernetes and the nodes' images to the versions of artifacts/lock.json", [
    "upgrade --plan",
    "upgrade --stack prod --yes",
  ])
    .addOption(stackOption())
    .addOption(yesOption())
    .option("--plan", "show what would be done to which node and why, and do nothing")
    .option("--json", "print the plan as JSON")
    .addOption(
      new Option(
        "--accept-loss <name>",
        "a node whose data may go, one each time: the registry's, with every image that CI pushed and the Git server's data, or a worker with its volumes",
      ).argParser(namesOf),
    )
    .action(upgrade);
}

interface Options {
  stack: string;
  yes?: boolean;
  plan?: boolean;
  json?: boolean;
  acceptLoss?: string[];
}

async function upgrade({ stack: name, yes, plan: only, json, acceptLoss }: Options): Promise<void> {
  const stack = readStack(name);
  const outputs = await readOutputs(name);
  const kubeconfig = requireOutput(name, outputs, "kubeconfig");
  const running = new Running(kubeconfig);
  const [made, runs] = await Promise.all([madeFrom(name), running.nodes()]);
  const risk = atRisk(stack, withDataDisk(outputs));
  const plan = planOf({ stack: name, nodes: stack.nodes, atRisk: risk, made, runs, newest: newest(), acceptLoss });
  print(json ? JSON.stringify(plan, null, 2) : render(plan));
  if (only) return;
  if (plan.refusals.length > 0) {
    throw new UserError(`nothing was upgraded:\n${plan.refusals.map((line) => `  ${line}`).join("\n")}`);
  }
  if (!hasWork(plan)) return say("There is nothing to do.");
  requireSomebody(yes, `upgrade ${name}`);
  requireGuestsAreOurs(stack);
  if (!(await confirm(`Upgrade ${name}?`, yes))) throw new UserError("Nothing was upgraded.");
  await ensure(artifactsFor(stack));
  await removeStaleLocks(name);
  await roll(stack, plan, running);
  say(`${name} is upgraded.`);
}

async function roll(stack: Stack, plan: Plan, running: Running): Promise<void> {
  const before = await running.workloads();
  if (plan.nodes.some(({ does }) => does.includes("in place"))) {
    const { from, to } = plan.kubernetes;
    say(`The control planes go from Kubernetes ${from} to ${to}, one after the other`);
    await change(stack.name, { upgrade: true }, "upgrade");
    await settle("the control plane is upgraded", running, before);
  }
  for (const { name } of plan.nodes.filter(({ does }) => does.includes("anew"))) {
    const node = stack.nodes.find((one) => one.name === name);
    if (!node) continue;
    await makeAnew(node, stack.name, true, "upgrade");
    await settle(`${name} is made anew`, running, before);
  }
}

/** @throws where the cluster is not as it was: no other node is touched then */
async function settle(done: string, running: Running, before: Workloads): Promise<void> {
  const seconds = 600 * patienceHere();
  const left = await running.settled(before, seconds);
  if (left.length === 0) return;
  throw new UserError(
    `${done}, and after ${seconds} s not all is as it was before:\n${left.map((line) => `  ${line}`).join("\n")}\nNo other node was touched. See ./grunnmur status; ./grunnmur upgrade goes on from here`,
  );
}

function render({ kubernetes: { from, to }, nodes, refusals }: Plan): string {
  const rows = nodes.map((step) => [step.name, step.role, runsOf(step), doesOf(step), because(step)]);
  return [
    from === to ? `Kubernetes ${from}` : `Kubernetes ${from}, and ${to} is there`,
    "",
    ...table(["node", "role", "runs", "does", "because"], rows, process.stdout),
    ...refusals.map((line) => `refused: ${line}`),
  ].join("\n");
}

const runsOf = ({ runs }: Step): string =>
  runs ? `kubelet ${runs.kubelet}, containerd ${runs.containerd}, Linux ${runs.kernel}` : "-";

function doesOf({ does, stays }: Step): string {
  if (does.length > 0) return does.join(", then ");
  return stays ? "stays" : "-";
}

function because({ why, stays, means }: Step): string {
  return [why, stays && `its machine stays: ${stays}`, means].filter(Boolean).join("; ") || "nothing is newer";
}
