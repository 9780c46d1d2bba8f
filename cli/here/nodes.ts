import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { patienceHere } from "../../lib/machine";
import { withPrivateDir } from "../../lib/private-dir";
import type { NodeOutput, Outputs } from "../pulumi/outputs";
import { run } from "./child";
import { sshArgs, withAgent } from "./ssh";

/** Runs a shell script on a node, as root. @returns what it printed @throws where it failed, or nobody answered */
export type Ask = (script: string) => Promise<string>;

/** Does the same with each node of an environment, all at once. @throws where the environment has no key to nodes yet */
export async function withNodes<T>(
  { nodes = [], hostKeys, sshKey }: Pick<Outputs, "nodes" | "hostKeys" | "sshKey">,
  work: (node: NodeOutput, ask: Ask) => Promise<T>,
): Promise<T[]> {
  if (!sshKey) throw new Error("up has not come as far as the nodes");
  return withPrivateDir((directory) =>
    withAgent(directory, sshKey, (socket) =>
      Promise.all(nodes.map((node) => work(node, asking(node, hostKeys?.[node.name], directory, socket)))),
    ),
  );
}

function asking(
  { name, reach, sshUser = "root" }: NodeOutput,
  hostKey: string | undefined,
  directory: string,
  socket: string,
): Ask {
  const own = join(directory, name);
  mkdirSync(own, { mode: 0o700 });
  const shell = sshUser === "root" ? "sh -s" : "sudo -n sh -s";
  return async (script) => {
    if (!hostKey) throw new Error("its host key is not known");
    const args = [...sshArgs(own, { name, reach, hostKey }, socket), `${sshUser}@${reach}`, shell];
    const timeoutSeconds = 60 * patienceHere();
    const done = await run("ssh", args, { output: "capture", input: script, timeoutSeconds });
    if (done.code !== 0) throw new Error(done.stderr.trim() || `SSH ended with ${done.code}`);
    return done.stdout;
  };
}
