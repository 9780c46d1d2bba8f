import type { Command } from "commander";
import { withPrivateDir } from "../../lib/private-dir";
import { run } from "../here/child";
import { sshArgs, withAgent } from "../here/ssh";
import { readOutputs, requireOutput } from "../pulumi/outputs";
import { readStack } from "../pulumi/stack-file";
import { stackOption, verb } from "../terminal/command";
import { quote } from "../terminal/exports";
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
  const outputs = await readOutputs(stack);
  const node = requireOutput(stack, outputs, "nodes").find(({ role }) => role === "registry");
  const key = requireOutput(stack, outputs, "personKey");
  const hostKey = node && requireOutput(stack, outputs, "hostKeys")[node.name];
  if (!hostKey) throw new UserError(`the host key of the Git server is not known: run ./grunnmur up --stack ${stack}`);
  await withPrivateDir((directory) =>
    withAgent(directory, key, async (socket) => {
      // A repository's address has the node's own, which only the other nodes can reach.
      const to = ["-o", `HostName=${node.reach}`];
      const ssh = ["ssh", ...sshArgs(directory, { name: node.name, reach: node.reach, hostKey }, socket), ...to];
      const env = { ...process.env, GIT_SSH_COMMAND: ssh.map(quote).join(" ") };
      process.exitCode = (await run("git", args, { env })).code;
    }),
  );
}
