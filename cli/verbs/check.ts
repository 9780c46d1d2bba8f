import { relative } from "node:path";
import { Argument, type Command, Option } from "commander";
import { reviewCache } from "../../lib/places";
import { type CheckOptions, check } from "../../policies/check/check";
import { FORMATS, type Format, formatReport } from "../../policies/check/formats/format";
import { ReaderError } from "../../policies/check/reader";
import { exitCode } from "../../policies/check/report";
import { loadRules } from "../../policies/engine/load";
import { StackError } from "../../stacks/errors";
import { manifestReader } from "../here/manifest-reader";
import { readStack, requireStackFile, stackFilePath } from "../pulumi/stack-file";
import { stateFacts } from "../pulumi/state-facts";
import { verb } from "../terminal/command";
import { print } from "../terminal/say";
import { UserError } from "../terminal/user-error";

const PROFILES = ["NO", "EEA", "EEA+adequacy"];

/** `check`: what a review asks of a configuration repository, with the rules that also hold at preview and admission. */
export function checkVerb(): Command {
  return verb("check", "judge manifests, kustomizations and previews by the rules, for a review", [
    "check --stack prod clusters/prod",
    "check --registry registry.example.no --profile NO --format gitlab clusters > codequality.json",
    "check --stack prod - < preview.json",
  ])
    .addArgument(new Argument("[path...]", "files, directories, - for standard input").default(["."]))
    .addOption(new Option("-s, --stack <name>", "take registry, profile and nodes from this environment's stack file"))
    .addOption(new Option("--registry <host>", "the registry that images come from").conflicts("stack"))
    .addOption(new Option("--profile <profile>", "where data may be").choices(PROFILES).conflicts("stack"))
    .addOption(new Option("--format <format>", "of the output").choices(FORMATS).default("text"))
    .addHelpText("after", "\nExit code: 0 clean, 1 a mandatory rule is violated, 2 something could not be read.")
    .action(run);
}

interface Options {
  stack?: string;
  registry?: string;
  profile?: string;
  format: Format;
}

async function run(paths: string[], options: Options): Promise<void> {
  try {
    await judge(paths, options);
  } catch (error) {
    // 1 would say that a rule is violated.
    if (error instanceof UserError || error instanceof StackError || error instanceof ReaderError)
      throw new UserError(error.message, 2);
    throw error;
  }
}

async function judge(paths: string[], { stack, registry, profile, format }: Options): Promise<void> {
  const rules = loadRules();
  const options: CheckOptions = {
    paths,
    rules,
    today: new Date().toISOString().slice(0, 10),
    reader: await manifestReader(),
    cache: reviewCache(),
  };
  if (stack !== undefined) options.stack = stackOf(stack);
  else if (registry !== undefined || profile !== undefined) options.facts = facts(registry, profile);
  const report = check(options);
  print(
    formatReport(
      report,
      format,
      rules.filter(({ gates }) => gates.includes("check")),
    ),
  );
  process.exitCode = exitCode(report);
}

function stackOf(name: string): NonNullable<CheckOptions["stack"]> {
  const file = stackFilePath(name);
  return {
    values: { ...readStack(name), state: stateFacts(name) },
    file: relative(process.cwd(), file),
    text: requireStackFile(name),
  };
}

function facts(registry: string | undefined, profile: string | undefined): Record<string, unknown> {
  if (registry !== undefined && !/^[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?(:\d+)?$/.test(registry)) {
    throw new UserError(
      `--registry is ${registry}; allowed: a host such as registry.example.no, without scheme or path`,
    );
  }
  return { ...(registry && { registry: { host: registry } }), ...(profile && { locality: { profile } }) };
}
