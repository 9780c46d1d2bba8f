import { relative } from "node:path";
import { type Command, Option } from "commander";
import { reviewCache } from "../../lib/places";
import type { CheckOptions } from "../../policies/check/check";
import { loadRules } from "../../policies/engine/load";
import { type Asked, runCheck, withCheckOptions } from "../check/command";
import { manifestReader } from "../here/manifest-reader";
import { readStack, requireStackFile, stackFilePath } from "../pulumi/stack-file";
import { stateFacts } from "../pulumi/state-facts";
import { verb } from "../terminal/command";

/** `check`: what a review asks of a configuration repository, with the rules that also hold at preview and admission. */
export function checkVerb(): Command {
  const command = verb("check", "judge manifests, kustomizations and previews by the rules, for a review", [
    "check --stack prod clusters/prod",
    "check --registry registry.example.no --profile NO --format gitlab clusters > codequality.json",
    "check --stack prod - < preview.json",
  ]);
  const stack = new Option("-s, --stack <name>", "take registry, profile and nodes from this environment's stack file");
  return withCheckOptions(command, stack).action(run);
}

async function run(paths: string[], { stack, ...asked }: Asked & { stack?: string }): Promise<void> {
  await runCheck(paths, asked, async () => ({
    rules: loadRules(),
    reader: await manifestReader(),
    cache: reviewCache(),
    ...(stack !== undefined && { stack: stackOf(stack) }),
  }));
}

function stackOf(name: string): NonNullable<CheckOptions["stack"]> {
  const file = stackFilePath(name);
  return {
    values: { ...readStack(name), state: stateFacts(name) },
    file: relative(process.cwd(), file),
    text: requireStackFile(name),
  };
}
