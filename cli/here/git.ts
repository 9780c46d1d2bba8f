import { withPrivateDir } from "../../lib/private-dir";
import { type Outputs, requireOutput } from "../pulumi/outputs";
import { quote } from "../terminal/exports";
import { UserError } from "../terminal/user-error";
import { sshArgs, withAgent } from "./ssh";

/**
 * Runs `work` with an environment for git in which it has the key of a person on the environment's own Git server, and knows
 * that server by its pinned key. @param directory where both are kept meanwhile
 * @throws UserError where the environment has not come so far
 */
export async function withPersonsGit<T>(
  stack: string,
  outputs: Outputs | undefined,
  work: (env: NodeJS.ProcessEnv, directory: string) => Promise<T>,
): Promise<T> {
  const node = requireOutput(stack, outputs, "nodes").find(({ role }) => role === "registry");
  const key = requireOutput(stack, outputs, "personKey");
  const hostKey = node && requireOutput(stack, outputs, "hostKeys")[node.name];
  if (!hostKey) throw new UserError(`the host key of the Git server is not known: run ./grunnmur up --stack ${stack}`);
  return withPrivateDir((directory) =>
    withAgent(directory, key, (socket) => {
      // A repository's address has the node's own, which only the other nodes can reach.
      const to = ["-o", `HostName=${node.reach}`];
      const ssh = ["ssh", ...sshArgs(directory, { name: node.name, reach: node.reach, hostKey }, socket), ...to];
      return work({ ...process.env, GIT_SSH_COMMAND: ssh.map(quote).join(" ") }, directory);
    }),
  );
}
