import { existsSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Command, Option } from "commander";
import { lock } from "../../artifacts/lock";
import { readOutputs } from "../pulumi/outputs";
import { readStack } from "../pulumi/stack-file";
import type { Evidence } from "../report/evidence";
import { gather } from "../report/gather";
import { page } from "../report/page";
import { billOfMaterials } from "../report/software";
import { stackOption, verb } from "../terminal/command";
import { print, say } from "../terminal/say";
import { UserError } from "../terminal/user-error";

/** `report`: where data is, what holds, what runs and who changed it, as a page for who has to answer for it. Changes nothing. */
export function reportVerb(): Command {
  return verb("report", "write a page for an auditor: where data is, what holds, what runs, who changed what", [
    "report",
    "report --stack prod --to audits",
    "report --stack prod --json | jq '.rules[] | select(.cluster.state == \"missing\")'",
  ])
    .addOption(stackOption())
    .addOption(new Option("--to <directory>", "where the page and the bill of materials are written").default("."))
    .addOption(new Option("--json", "print all of it as JSON, and write nothing"))
    .addHelpText(
      "after",
      "\nWrites STACK-DATE.html, one page that fetches nothing and prints, and STACK-DATE.cdx.json (CycloneDX), both for their owner alone.\nExit code: 0 all was established, 3 something was not, which the page names.",
    )
    .action(report);
}

interface Options {
  stack: string;
  to: string;
  json?: boolean;
}

async function report({ stack, to, json }: Options): Promise<void> {
  const config = readStack(stack);
  if (!json && !(existsSync(to) && statSync(to).isDirectory())) {
    throw new UserError(`--to ${to}: there is no such directory. Make it first.`);
  }
  const outputs = await readOutputs(stack);
  const evidence = await gather(config, outputs, (what) => say(`... ${what}`));
  if (json) print(JSON.stringify(evidence, null, 2));
  else write(evidence, to);
  for (const { what, why } of evidence.unknown) say(`Could not be established: ${what}: ${why}`);
  if (evidence.unknown.length > 0) process.exitCode = 3;
}

function write(evidence: Evidence, directory: string): void {
  const { stack, at, by } = evidence;
  const name = join(directory, `${stack}-${at.slice(0, 10)}`);
  const files = {
    [`${name}.html`]: page(evidence),
    [`${name}.cdx.json`]: billOfMaterials(evidence.software, { stack, at, by, suite: lock().debian.suite }),
  };
  for (const [file, text] of Object.entries(files)) {
    writeFileSync(file, text, { mode: 0o600 });
    print(file);
  }
}
