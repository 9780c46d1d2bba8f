import { Argument, type Command, Option } from "commander";
import { type CheckOptions, check } from "../../policies/check/check";
import { FORMATS, type Format, formatReport } from "../../policies/check/formats/format";
import { ReaderError } from "../../policies/check/reader";
import { exitCode } from "../../policies/check/report";
import { StackError } from "../../stacks/errors";
import { print } from "../terminal/say";
import { UserError } from "../terminal/user-error";

const PROFILES = ["NO", "EEA", "EEA+adequacy"];

/** What every form of `check` takes, behind the option that names a stack. */
export function withCheckOptions(command: Command, stack: Option): Command {
  return command
    .addArgument(new Argument("[path...]", "files, directories, - for standard input").default(["."]))
    .addOption(stack)
    .addOption(new Option("--registry <host>", "the registry that images come from").conflicts(stack.attributeName()))
    .addOption(
      new Option("--profile <profile>", "where data may be").choices(PROFILES).conflicts(stack.attributeName()),
    )
    .addOption(new Option("--format <format>", "of the output").choices(FORMATS).default("text"))
    .addHelpText("after", "\nExit code: 0 clean, 1 a mandatory rule is violated, 2 something could not be read.");
}

export interface Asked {
  registry?: string;
  profile?: string;
  format: Format;
}

/** What a clone of grunnmur has around it, and a file by itself brings along. */
export type Given = Pick<CheckOptions, "rules" | "reader" | "cache" | "stack">;

/** Judges, prints the report and sets the exit code. @throws UserError with code 2, for 1 would say that a rule is violated */
export async function runCheck(paths: string[], asked: Asked, given: () => Promise<Given>): Promise<void> {
  try {
    const known = facts(asked);
    print(judge({ paths, today: new Date().toISOString().slice(0, 10), ...known, ...(await given()) }, asked.format));
  } catch (error) {
    if (error instanceof UserError || error instanceof StackError || error instanceof ReaderError)
      throw new UserError(error.message, 2);
    throw error;
  }
}

function judge(options: CheckOptions, format: Format): string {
  const report = check(options);
  process.exitCode = exitCode(report);
  return formatReport(
    report,
    format,
    options.rules.filter(({ gates }) => gates.includes("check")),
  );
}

function facts({ registry, profile }: Asked): Pick<CheckOptions, "facts"> {
  if (registry === undefined && profile === undefined) return {};
  if (registry !== undefined && !/^[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?(:\d+)?$/.test(registry)) {
    throw new UserError(
      `--registry is ${registry}; allowed: a host such as registry.example.no, without scheme or path`,
    );
  }
  return { facts: { ...(registry && { registry: { host: registry } }), ...(profile && { locality: { profile } }) } };
}
