import type { Command } from "commander";
import { expectedSeconds, formerUp } from "../here/estimate";
import { elsewhere } from "../here/namespace";
import { workOf } from "../here/preparation";
import { readOutputs } from "../pulumi/outputs";
import { readStack, requireStackFile } from "../pulumi/stack-file";
import { collect } from "../status/collect";
import { render } from "../status/render";
import { exitCode, nothing } from "../status/report";
import { stackOption, verb } from "../terminal/command";
import { print, say } from "../terminal/say";

/** `status`: how the environment is, asked from its registry and its API server. Exit code 0 only if all is ready. */
export function statusVerb(): Command {
  return verb(
    "status",
    "show how an environment is; exit code 0 only if all of it is ready, 3 if it is slow to answer",
    ["status", "status --json | jq .workloads"],
  )
    .addOption(stackOption())
    .option("--json", "print JSON")
    .action(status);
}

async function status({ stack, json }: { stack: string; json?: boolean }): Promise<void> {
  requireStackFile(stack);
  const outputs = await readOutputs(stack);
  if (!outputs) {
    say(`Nothing is up: ${stack} has not been created. Run ./grunnmur up --stack ${stack}${elsewhere(stack)}`);
    if (json) print(JSON.stringify({ ...nothing(stack), expectedUpSeconds: expected(stack) }, null, 2));
    process.exitCode = 1;
    return;
  }
  if (!outputs.nodes) say(`${stack} is not up completely: ./grunnmur up --stack ${stack} continues where it stopped.`);
  const report = { ...(await collect(stack, outputs)), expectedUpSeconds: expected(stack) };
  print(json ? JSON.stringify(report, null, 2) : render(report, process.stdout));
  process.exitCode = exitCode(report);
}

function expected(stack: string): number | null {
  try {
    return Math.round(expectedSeconds(workOf(readStack(stack)), formerUp(stack)));
  } catch {
    return null; // how an environment is can be told without its stack file
  }
}
