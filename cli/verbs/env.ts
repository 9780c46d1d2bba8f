import type { Command } from "commander";
import { missingArtifacts, prepareForPreview } from "../here/preparation";
import { ensureStack } from "../pulumi/pulumi";
import { pulumiVariables } from "../pulumi/pulumi-environment";
import { readStack } from "../pulumi/stack-file";
import { stackOption, verb } from "../terminal/command";
import { exportLines } from "../terminal/exports";
import { print, say } from "../terminal/say";

/** `env`: the exports with which Pulumi's own commands work on the environment. Makes sure that they do. */
export function envVerb(): Command {
  return verb("env", "print the exports with which a plain `pulumi up` works", [
    'env                                            # eval "$(./grunnmur env)" && pulumi up --stack local',
    "env --stack prod",
  ])
    .addOption(stackOption())
    .action(env);
}

async function env({ stack: name }: { stack: string }): Promise<void> {
  const stack = readStack(name);
  await prepareForPreview();
  await ensureStack(name);
  const missing = missingArtifacts(stack);
  if (missing.length > 0) {
    say(`pulumi preview works now; pulumi up needs what ./grunnmur up makes first: ${missing.join(", ")}`);
  }
  print(exportLines(pulumiVariables()));
}
