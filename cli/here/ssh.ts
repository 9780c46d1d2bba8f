import { spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { patienceHere } from "../../lib/machine";
import { UserError } from "../terminal/user-error";
import { run } from "./child";

/** The other side of a connection and what proves that it is the other side. */
export interface Peer {
  /** Name under which the host key is pinned. */
  name: string;
  reach: string;
  /** Public host key, `ssh-ed25519 AAAA…`. */
  hostKey: string;
}

/**
 * Arguments for `ssh` that trust one host key and one agent, and read no file of the user's.
 * @param directory where the temporary `known_hosts` is written
 */
export function sshArgs(directory: string, peer: Peer, agentSocket: string): string[] {
  const knownHosts = join(directory, "known_hosts");
  writeFileSync(knownHosts, `${peer.name} ${peer.hostKey.trim()}\n`, { mode: 0o600 });
  const options = {
    IdentityAgent: agentSocket,
    HostKeyAlias: peer.name,
    UserKnownHostsFile: knownHosts,
    GlobalKnownHostsFile: "/dev/null",
    StrictHostKeyChecking: "yes",
    PasswordAuthentication: "no",
    ConnectTimeout: `${15 * patienceHere()}`,
    LogLevel: "ERROR",
  };
  return ["-F", "/dev/null", ...Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`])];
}

/**
 * Runs `work` with the socket of an ssh-agent that holds one private key. The key goes in by standard input, so it is
 * in no file and on no command line; the agent ends with `work`.
 */
export async function withAgent<T>(directory: string, key: string, work: (socket: string) => Promise<T>): Promise<T> {
  const socket = join(directory, "agent");
  const agent = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
  const failed = new Promise<never>((_, reject) => {
    agent.on("error", () => reject(new UserError("ssh-agent is not installed: apt-get install openssh-client")));
  });
  failed.catch(() => undefined);
  try {
    for (let tries = 0; tries < 100 && !existsSync(socket); tries++) await Promise.race([sleep(50), failed]);
    const pem = key.endsWith("\n") ? key : `${key}\n`;
    const added = await run("ssh-add", ["-q", "-"], {
      env: { ...process.env, SSH_AUTH_SOCK: socket },
      input: pem,
      output: "capture",
      timeoutSeconds: 20 * patienceHere(),
    });
    if (added.code !== 0) throw new UserError(`ssh-agent did not take the key: ${added.stderr.trim()}`);
    return await work(socket);
  } finally {
    agent.kill("SIGTERM");
  }
}
