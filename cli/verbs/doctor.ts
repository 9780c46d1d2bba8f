import type { Command } from "commander";
import { ensure } from "../../artifacts/store";
import type { Stack } from "../../stacks/stack";
import { type Check, exitCode } from "../doctor/check";
import { ofEnvironment } from "../doctor/environment";
import { fix } from "../doctor/fix";
import { askRemotes, ofHypervisors } from "../doctor/hypervisors";
import { measured, ofMachine } from "../doctor/machine";
import { askNodes, ofNodes } from "../doctor/nodes";
import { render } from "../doctor/render";
import { type Outputs, readOutputs } from "../pulumi/outputs";
import { readStack } from "../pulumi/stack-file";
import { collected, limitHere } from "../status/collect";
import { stackOption, verb } from "../terminal/command";
import { print, say } from "../terminal/say";

/** `doctor`: what is missing, old, slow or wrong, from this machine to the pods, and why a change is not live. */
export function doctorVerb(): Command {
  return verb("doctor", "say what is wrong from this machine to the pods, why a change is not live, and what helps", [
    "doctor",
    "doctor --fix",
    "doctor --stack prod --json | jq '.checks[] | select(.state != \"good\")'",
  ])
    .addOption(stackOption())
    .option(
      "--fix",
      "do what is safe: install packages, bring artifacts, remove a dead run's lock, have the agent look now",
    )
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nExit code: 0 nothing is wrong, 1 something is, 3 nothing is known to be, and something could not be established.",
    )
    .action(doctor);
}

export interface Diagnosis {
  stack: string;
  /** What `--fix` did. */
  fixed: string[];
  checks: Omit<Check, "fix">[];
}

async function doctor({ stack, json, fix: mend }: { stack: string; json?: boolean; fix?: boolean }): Promise<void> {
  const config = readStack(stack);
  const outputs = await readOutputs(stack);
  let checks = await examine(config, outputs);
  const fixed = mend ? await fix(config, outputs, checks) : [];
  if (fixed.length > 0) checks = await examine(config, outputs);
  const found: Diagnosis = { stack, fixed, checks: checks.map(({ fix: _, ...check }) => check) };
  if (json) print(JSON.stringify(found, null, 2));
  else print(render(stack, checks, process.stdout));
  process.exitCode = exitCode(checks);
}

async function examine(config: Stack, outputs: Outputs | undefined): Promise<Check[]> {
  const { name } = config;
  const option = name === "local" ? "" : ` --stack ${name}`;
  const up = outputs !== undefined;
  const here = [...ofMachine(config, measured(config, up), up), ...ofHypervisors(config, askRemotes(config), up)];
  if (!outputs) {
    const remedy = `./grunnmur up${option}`;
    return [...here, { part: "environment", state: "advice", found: `${name} has not been created`, remedy }];
  }
  // With it files and lines are told; without it names alone.
  await ensure(["manifest-reader"]).catch((error) => say(`Files are named without lines: ${(error as Error).message}`));
  const [{ report, cluster }, nodes] = await Promise.all([
    collected(name, outputs, limitHere(), config),
    askNodes(outputs),
  ]);
  // What is said of a node that is off is said once.
  const ready = new Set(report.nodes.flatMap((node) => (node.ready ? [node.name] : [])));
  const themselves = nodes.filter((node) => ready.has(node.name) || !("silent" in node.told));
  const whole: Check[] = outputs.nodes
    ? []
    : [{ part: "environment", state: "wrong", found: "up has not come to its end", remedy: `./grunnmur up${option}` }];
  return [
    ...here,
    ...whole,
    ...ofNodes(themselves, name, config.network.ntpServers.length > 0),
    ...ofEnvironment(report, cluster.platform),
  ];
}
