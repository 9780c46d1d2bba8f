import type { Command } from "commander";
import { withPrivateDir } from "../../lib/private-dir";
import { run } from "../here/child";
import { sshArgs, withAgent } from "../here/ssh";
import { readOutputs, requireOutput } from "../pulumi/outputs";
import { stackOption, verb } from "../terminal/command";
import { UserError } from "../terminal/user-error";

/** `ssh`: a shell, or one command, on a node. Its host key is pinned; the key is in an agent only while ssh runs. */
export function sshVerb(): Command {
  return verb("ssh", "open a shell on a node, or run one command there", [
    "ssh control-1",
    "ssh worker-1 journalctl -u kubelet -n 50",
  ])
    .addOption(stackOption())
    .argument("<node>", "name of the node, as status shows it")
    .argument("[command...]", "what to run there instead of a shell")
    .allowUnknownOption()
    .passThroughOptions()
    .action(ssh);
}

async function ssh(name: string, command: string[], { stack }: { stack: string }): Promise<void> {
  const outputs = await readOutputs(stack);
  const nodes = requireOutput(stack, outputs, "nodes");
  const node = nodes.find((candidate) => candidate.name === name);
  if (!node) {
    const names = nodes.map((candidate) => candidate.name).join(", ");
    throw new UserError(`${stack} has no node "${name}": it has ${names}`);
  }
  const key = requireOutput(stack, outputs, "sshKey");
  const hostKey = requireOutput(stack, outputs, "hostKeys")[name];
  if (!hostKey) throw new UserError(`the host key of ${name} is not known: run ./grunnmur up --stack ${stack} again`);
  await withPrivateDir((directory) =>
    withAgent(directory, key, async (socket) => {
      const to = `${node.sshUser ?? "root"}@${node.reach}`;
      const args = [...sshArgs(directory, { name, reach: node.reach, hostKey }, socket), to, ...command];
      process.exitCode = (await run("ssh", args)).code;
    }),
  );
}
