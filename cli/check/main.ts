import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { Command, type CommanderError, Option } from "commander";
import type { CheckOptions } from "../../policies/check/check";
import type { Rule } from "../../policies/engine/rule";
import { say } from "../terminal/say";
import { UserError } from "../terminal/user-error";
import { type Asked, runCheck, withCheckOptions } from "./command";
import { type SealedReader, withReader } from "./sealed-reader";

/** `check` in a file by itself. `artifacts/recipes/check.ts` puts these in its place, so that nothing else is read. */
declare const GRUNNMUR_VERSION: string;
declare const GRUNNMUR_RULES: readonly Rule[];
declare const GRUNNMUR_READER: SealedReader;

function command(): Command {
  const stack = new Option("--stack-file <file>", "take registry, profile and nodes from this Pulumi.<stack>.yaml");
  return withCheckOptions(new Command("grunnmur-check"), stack)
    .description("judge manifests, kustomizations and previews by the rules, for a review")
    .version(GRUNNMUR_VERSION, "-V, --version", "print grunnmur's version")
    .showHelpAfterError("(add --help for what it takes)")
    .exitOverride()
    .action(run);
}

async function run(paths: string[], { stackFile, ...asked }: Asked & { stackFile?: string }): Promise<void> {
  await withReader(GRUNNMUR_READER, async (reader) =>
    runCheck(paths, asked, async () => ({
      rules: GRUNNMUR_RULES,
      reader,
      ...(stackFile !== undefined && { stack: stackIn(stackFile) }),
    })),
  );
}

/** @throws UserError, StackError with every mistake there is */
function stackIn(file: string): NonNullable<CheckOptions["stack"]> {
  const [, name] = /^Pulumi\.(.+)\.yaml$/.exec(basename(file)) ?? [];
  if (name === undefined)
    throw new UserError(`--stack-file is ${file}; allowed: a file of the name Pulumi.<stack>.yaml`);
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new UserError(`--stack-file: ${(error as Error).message}`);
  }
  // Loaded only here: the schema takes longer than all else at the start.
  const { parseStackFile } = require("../../stacks/load") as typeof import("../../stacks/load");
  // Where the state is kept the file does not say: the rules on that stay open.
  return { values: { ...parseStackFile(text, name) }, file, text };
}

/** 1 would say that a rule is violated. */
const NOTHING_CHECKED = 2;

command()
  .parseAsync()
  .catch((error: Error) => {
    const { code, exitCode } = error as CommanderError;
    const told = code?.startsWith("commander.");
    if (!told) say(`error: ${error instanceof UserError ? error.message : (error.stack ?? error.message)}`);
    process.exitCode = told && exitCode === 0 ? 0 : NOTHING_CHECKED;
  });
