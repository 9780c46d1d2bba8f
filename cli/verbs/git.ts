import type { Command } from "commander";
import { run } from "../here/child";
import { withPersonsGit } from "../here/git";
import { readOutputs } from "../pulumi/outputs";
import { readStack } from "../pulumi/stack-file";
import { stackOption, verb } from "../terminal/command";
import { UserError } from "../terminal/user-error";

/** `git`: Git as a person who may push to the environment's own Git server. Key and host key are those of `up`. */
export function gitVerb(): Command {
  return verb("git", "run git with the key of a person, on the environment's own Git server", [
    "git clone ssh://git@10.20.0.10/srv/git/config.git",
    "git -C config push",
  ])
    .addOption(stackOption())
    .argument("[arguments...]", "what git takes")
    .allowUnknownOption()
    .passThroughOptions()
    .action(git);
}

async function git(args: string[], { stack }: { stack: string }): Promise<void> {
  const { sync } = readStack(stack);
  if (sync.gitHost.kind !== "registry-node") {
    throw new UserError(`${sync.repository} is not on a node of ${stack}: use git and a key of your own`);
  }
  await withPersonsGit(stack, await readOutputs(stack), async (env) => {
    process.exitCode = (await run("git", args, { env })).code;
  });
}
