import type { Node } from "./node";

/** The script as the node's SSH user runs it: sudo keeps its standard input, and fails rather than ask for a password. */
export function asRoot({ sshUser }: Pick<Node, "sshUser">, script: string): string {
  if (sshUser === "root") return script;
  return `exec sudo -n -H /bin/bash -c '${script.replaceAll("'", "'\\''")}'`;
}
