import { z } from "zod";
import { pulumiOutput } from "./pulumi";

/** How a node is reached over SSH. */
export interface Connection {
  reach: string;
  sshUser: string;
  hostKey: string;
  /** A secret. */
  privateKey: string;
}

/** Pulumi's mark of a secret in an export, https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/sig/sig.go */
const SECRET = "4dabf18193072939515e22adb298388d";

const connection = z.object({ host: z.string(), user: z.string(), hostKey: z.string(), privateKey: z.string() });

/**
 * How the program itself reaches each node that it has measured, by the node's name. It stands in the state as soon as the
 * node does; what the program exports stands there only when all of an `up` went well.
 */
export async function connections(stack: string): Promise<Map<string, Connection>> {
  return fromState(await pulumiOutput(["stack", "export", "--stack", stack, "--show-secrets"]));
}

/** From the text of `pulumi stack export --show-secrets`. */
export function fromState(text: string): Map<string, Connection> {
  const { deployment } = JSON.parse(text) as { deployment?: { resources?: { urn: string; inputs?: object }[] } };
  const found = new Map<string, Connection>();
  for (const { urn, inputs } of deployment?.resources ?? []) {
    const [, name] = /::([^:]+)-preflight$/.exec(urn) ?? [];
    const parsed = z.object({ connection }).safeParse(reveal(inputs));
    if (!name || !parsed.success) continue;
    const { host, user, hostKey, privateKey } = parsed.data.connection;
    found.set(name, { reach: host, sshUser: user, hostKey, privateKey });
  }
  return found;
}

/** Without the wrapping of secrets, which an export shows in plain when asked to. */
export function reveal(value: unknown): unknown {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(reveal);
  if (SECRET in value) return reveal(JSON.parse((value as { plaintext?: string }).plaintext ?? "null"));
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, reveal(inner)]));
}
