import { type Command, Option } from "commander";
import { StackError } from "../../stacks/errors";
import type { Stack } from "../../stacks/stack";
import { prepareForPreview } from "../here/preparation";
import { tellPrune } from "../pulumi/prune";
import { ensureStack } from "../pulumi/pulumi";
import { readStack, requireStackFile } from "../pulumi/stack-file";
import { mistaken, previewed } from "../review/previewed";
import { refuseOtherFormats, writeReports } from "../review/written";
import { namesOf, stackOption, verb } from "../terminal/command";
import { UserError } from "../terminal/user-error";

/** `preview`: what `up` would change, checked by the policy packs. Touches nothing but Pulumi's own state. */
export function previewVerb(): Command {
  return verb("preview", "show what up would change, and check it against the policies", [
    "preview",
    "preview --stack prod --diff",
    "preview --stack prod --report review.md --report review.html",
  ])
    .addOption(stackOption())
    .addOption(new Option("--diff", "show every property that would change"))
    .addOption(new Option("--json", "print Pulumi's JSON instead of text").conflicts("diff"))
    .addOption(new Option("--expect-no-changes", "fail if anything would change"))
    .addOption(
      new Option(
        "--report <file>",
        "write what a reviewer has to know, several times if need be: a .md that fits a comment, the whole as .html or .json",
      ).argParser(namesOf),
    )
    .action(preview);
}

interface Options {
  stack: string;
  diff?: boolean;
  json?: boolean;
  expectNoChanges?: boolean;
  report?: string[];
}

async function preview({ stack, diff, json, expectNoChanges, report = [] }: Options): Promise<void> {
  refuseOtherFormats(report);
  const declared = declaredStack(stack, report);
  await prepareForPreview();
  await ensureStack(stack);
  const wishes = [diff && "--diff", json && "--json", expectNoChanges && "--expect-no-changes"];
  const run = previewed(
    declared,
    requireStackFile(stack),
    wishes.filter((wish) => typeof wish === "string"),
  );
  const [{ code, review }] = await Promise.all([run, tellPrune(declared)]);
  if (code >= 128) throw new UserError("The preview was interrupted. Nothing was changed.", code);
  if (report.length > 0) writeReports(report, await review());
  if (code !== 0) throw new UserError(`the preview of ${stack} failed: Pulumi says above why. Nothing was changed.`);
}

/** @throws StackError where the stack file is none; the reports then say so too, since who reviews sees only them */
function declaredStack(stack: string, report: readonly string[]): Stack {
  try {
    return readStack(stack);
  } catch (error) {
    if (error instanceof StackError) writeReports(report, mistaken(stack, error.message));
    throw error;
  }
}
