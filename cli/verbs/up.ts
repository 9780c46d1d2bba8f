import { existsSync } from "node:fs";
import { type Command, Option } from "commander";
import { ensure } from "../../artifacts/store";
import { slownessOfAll } from "../../lib/machine";
import { environmentDir } from "../../lib/places";
import type { Stack } from "../../stacks/stack";
import { expectation, formerUp, keepUpTime } from "../here/estimate";
import { installPackagesFor } from "../here/host-packages";
import { refuseForeign } from "../here/leftovers";
import { artifactsFor, workOf } from "../here/preparation";
import { refuseLongPath } from "../here/socket-path";
import { converge, failed } from "../pulumi/converge";
import { requireGitHostToken } from "../pulumi/git-host-token";
import { withObligations } from "../pulumi/obligations";
import { tellPrune } from "../pulumi/prune";
import { ensureStack } from "../pulumi/pulumi";
import { readStack, requireStackFile, runsHere } from "../pulumi/stack-file";
import type { StageTime } from "../pulumi/stage-times";
import { removeStaleLocks } from "../pulumi/stale-lock";
import { summary } from "../pulumi/summary";
import { type Trace, traced } from "../pulumi/trace";
import { stackOption, verb, yesOption } from "../terminal/command";
import { say } from "../terminal/say";
import { requirePulumiCanAsk, requireSomebody, unattended } from "../terminal/unattended";
import { UserError } from "../terminal/user-error";

/** `up`: a thin wrapper over `pulumi up`, after making sure that all it needs is there. */
export function upVerb(): Command {
  return verb("up", "stand an environment up, or change it to what its stack file says", [
    "up",
    "up --stack prod",
    "up --yes",
    "up --accept-loss worker-2",
    "up --yes --trace trace.json",
  ])
    .addOption(stackOption())
    .addOption(yesOption())
    .addOption(acceptLossOption())
    .addOption(traceOption())
    .action((options: Options) => traced(options.trace, (trace) => up(options, trace)));
}

/** What the program asks for by name before it deletes data (infra/consequences.ts). */
const acceptLossOption = (): Option =>
  new Option(
    "--accept-loss <name...>",
    "data that may be deleted: names of nodes, sync, or the address of a hypervisor that is gone for good",
  );

const traceOption = (): Option =>
  new Option("--trace <file>", "write what took how long, a bar for each resource, for ui.perfetto.dev");

const NEEDS_ROOT =
  "this environment runs guests on this machine, in a network namespace of their own: that needs root. " +
  "Run the command as root (preview needs no root).";

interface Options {
  stack: string;
  yes?: boolean;
  acceptLoss?: string[];
  trace?: string;
}

async function up({ stack: name, yes, acceptLoss = [] }: Options, trace: Trace): Promise<void> {
  const stack = readStack(name);
  requireSomebody(yes, `change ${name}`);
  requirePulumiCanAsk(yes);
  if (runsHere(stack)) {
    if (process.getuid?.() !== 0) throw new UserError(NEEDS_ROOT);
    refuseForeign(name);
    refuseLongPath(environmentDir(name));
  }
  requireGitHostToken(stack, requireStackFile(name));
  const work = workOf(stack);
  say(expectation(work, formerUp(name)));
  const began = performance.now();
  const fromNothing = runsHere(stack) && !existsSync(environmentDir(name));
  const timed = (stage: string, work: () => Promise<unknown>) => trace.during(stage, () => timedStage(stage, work));
  const stages = [await timed("host packages", () => installPackagesFor(stack, yes))];
  stages.push(await timed("artifacts", () => ensure(artifactsFor(stack))));
  await ensureStack(name);
  await removeStaleLocks(name);
  await tellPrune(stack);
  const prepared = performance.now();
  const change = { review: !unattended(yes), acceptLoss };
  const result = await withObligations(name, () => converge(name, change, trace));
  stages.push(...result.stages);
  say(summary(stages, result, (performance.now() - began) / 1000).join("\n"));
  if (result.code !== 0) throw new UserError(failed(name, result), result.code >= 128 ? result.code : 1);
  // Where somebody was asked first, the time is not the machine's.
  if (fromNothing && unattended(yes)) {
    const seconds = (performance.now() - prepared) / 1000;
    keepUpTime(name, { seconds, slowness: slownessOfAll(work.machine), emulated: work.emulated, nodes: work.nodes });
  }
  say(next(stack).join("\n"));
}

async function timedStage(stage: string, work: () => Promise<unknown>): Promise<StageTime> {
  const began = performance.now();
  await work();
  return { stage, seconds: (performance.now() - began) / 1000, changed: 0, failed: 0 };
}

function next(stack: Stack): string[] {
  const option = stack.name === "local" ? "" : ` --stack ${stack.name}`;
  return [
    "",
    ...wayIn(stack),
    `${stack.name} is up. Try next:`,
    `  ./grunnmur status${option}`,
    `  ./grunnmur kubectl${option} get pods --all-namespaces`,
    ...stack.ingress.hosts
      .filter(({ name }) => !name.startsWith("*"))
      .slice(0, 1)
      .map(({ name }) => `  ./grunnmur curl${option} https://${name}/`),
    runsHere(stack) ? `  ./grunnmur destroy${option}` : `  ./grunnmur preview${option}`,
  ];
}

/** Where what comes from outside is answered. */
function wayIn({ ingress, nodes }: Stack): string[] {
  if (ingress.hosts.length === 0) return [];
  const addresses = nodes.filter(({ role }) => role === "worker").map(({ address }) => address);
  return [`Answered for at ${addresses.join(", ")}: ${ingress.hosts.map(({ name }) => name).join(", ")}`];
}
