import type { Command } from "commander";
import { withPrivateDir } from "../../lib/private-dir";
import { run } from "../here/child";
import { sshArgs, withAgent } from "../here/ssh";
import { type Connection, connections } from "../pulumi/connections";
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
  const { reach, sshUser, hostKey, privateKey } = await connectionTo(name, stack);
  await withPrivateDir((directory) =>
    withAgent(directory, privateKey, async (socket) => {
      const args = [...sshArgs(directory, { name, reach, hostKey }, socket), `${sshUser}@${reach}`, ...command];
      process.exitCode = (await run("ssh", args)).code;
    }),
  );
}

/** As `up` exported it; from the state where none has come so far, or none since the node was added. */
async function connectionTo(name: string, stack: string): Promise<Connection> {
  const outputs = await readOutputs(stack);
  if (!outputs) requireOutput(stack, outputs, "nodes");
  const node = outputs?.nodes?.find((candidate) => candidate.name === name);
  const [privateKey, hostKey] = [outputs?.sshKey, outputs?.hostKeys?.[name]];
  if (node && privateKey && hostKey) {
    return { reach: node.reach, sshUser: node.sshUser ?? "root", hostKey, privateKey };
  }
  const known = await connections(stack);
  const found = known.get(name);
  if (found) return found;
  const names = [...known.keys()].join(", ") || "none that was reached yet";
  throw new UserError(`${stack} has no node "${name}" that up has reached: it has ${names}`);
}
