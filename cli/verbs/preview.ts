import { type Command, Option } from "commander";
import { prepareForPreview } from "../here/preparation";
import { withObligations } from "../pulumi/obligations";
import { policyPackArgs } from "../pulumi/policy-packs";
import { tellPrune } from "../pulumi/prune";
import { ensureStack, pulumi, withConfigFile } from "../pulumi/pulumi";
import { readStack } from "../pulumi/stack-file";
import { stackOption, verb } from "../terminal/command";
import { UserError } from "../terminal/user-error";

/** `preview`: what `up` would change, checked by the policy packs. Touches nothing but Pulumi's own state. */
export function previewVerb(): Command {
  return verb("preview", "show what up would change, and check it against the policies", [
    "preview",
    "preview --stack prod --diff",
  ])
    .addOption(stackOption())
    .addOption(new Option("--diff", "show every property that would change"))
    .addOption(new Option("--json", "print Pulumi's JSON instead of text").conflicts("diff"))
    .addOption(new Option("--expect-no-changes", "fail if anything would change"))
    .action(preview);
}

interface Options {
  stack: string;
  diff?: boolean;
  json?: boolean;
  expectNoChanges?: boolean;
}

async function preview({ stack, diff, json, expectNoChanges }: Options): Promise<void> {
  const declared = readStack(stack);
  await prepareForPreview();
  await ensureStack(stack);
  const wishes = [diff && "--diff", json && "--json", expectNoChanges && "--expect-no-changes"];
  const run = withObligations(stack, () =>
    withConfigFile(stack, (config) =>
      pulumi([
        "preview",
        ...["--stack", stack, "--config-file", config],
        ...wishes.filter((wish) => typeof wish === "string"),
        ...policyPackArgs(),
      ]),
    ),
  );
  const [{ code }] = await Promise.all([run, tellPrune(declared)]);
  if (code >= 128) throw new UserError("The preview was interrupted. Nothing was changed.", code);
  if (code !== 0) throw new UserError(`the preview of ${stack} failed: Pulumi says above why. Nothing was changed.`);
}
