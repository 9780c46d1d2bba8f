import { type Command, InvalidArgumentError, Option } from "commander";
import type { Stack } from "../../stacks/stack";
import { expectedSeconds, formerUp } from "../here/estimate";
import { elsewhere } from "../here/namespace";
import { workOf } from "../here/preparation";
import { readOutputs } from "../pulumi/outputs";
import { readStack, requireStackFile } from "../pulumi/stack-file";
import { collect, limitHere } from "../status/collect";
import { render } from "../status/render";
import { exitCode, nothing, type Report } from "../status/report";
import { stackOption, verb } from "../terminal/command";
import { print, say } from "../terminal/say";
import { watching } from "../terminal/watching";

/** `status`: how the environment is, asked from its registry and its API server. Exit code 0 only if all is ready. */
export function statusVerb(): Command {
  return verb(
    "status",
    "show how an environment is; exit code 0 only if all of it is ready, 3 if it is slow to answer",
    ["status", "status --json | jq .workloads", "status --watch"],
  )
    .addOption(stackOption())
    .option("--json", "print JSON; with --watch one document a line")
    .addOption(
      new Option("-w, --watch [seconds]", "look again so many seconds after each answer, until Ctrl-C")
        .preset("5")
        .argParser(pauseOf),
    )
    .action(status);
}

interface Options {
  stack: string;
  json?: boolean;
  watch?: number;
}

function pauseOf(text: string): number {
  const seconds = Number(text);
  if (text.trim() !== "" && seconds >= 1 && seconds <= 3600) return seconds;
  throw new InvalidArgumentError("allowed are 1 to 3600 seconds");
}

async function status({ stack, json, watch }: Options): Promise<void> {
  requireStackFile(stack);
  const outputs = await readOutputs(stack);
  if (!outputs) {
    say(`Nothing is up: ${stack} has not been created. Run ./grunnmur up --stack ${stack}${elsewhere(stack)}`);
    if (json) print(JSON.stringify({ ...nothing(stack), expectedUpSeconds: expected(stack) }, null, 2));
    process.exitCode = 1;
    return;
  }
  if (!outputs.nodes) say(`${stack} is not up completely: ./grunnmur up --stack ${stack} continues where it stopped.`);
  const asked = async (): Promise<Report> => ({
    ...(await collect(stack, outputs, limitHere(), described(stack))),
    expectedUpSeconds: expected(stack),
  });
  if (watch !== undefined) {
    await watching(watch, async () => {
      const report = await asked();
      return json ? JSON.stringify(report) : render(report, process.stdout);
    });
    return;
  }
  const report = await asked();
  print(json ? JSON.stringify(report, null, 2) : render(report, process.stdout));
  process.exitCode = exitCode(report);
}

/** How an environment is can be told without its stack file. */
function described(stack: string): Stack | undefined {
  try {
    return readStack(stack);
  } catch {
    return undefined;
  }
}

function expected(stack: string): number | null {
  const config = described(stack);
  return config ? Math.round(expectedSeconds(workOf(config), formerUp(stack))) : null;
}
