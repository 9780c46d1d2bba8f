import { parse } from "yaml";
import type { Stack } from "../../stacks/stack";
import { UserError } from "../terminal/user-error";

const KEYS = ["grunnmur:gitHostToken", "gitHostToken"];

/**
 * The deploy key is registered with the Git host's token nearly last: what is missing is told before anything starts.
 * @param file the stack file's text
 */
export function requireGitHostToken({ name, sync }: Pick<Stack, "name" | "sync">, file: string): void {
  if (sync.gitHost.kind === "registry-node" || mayHold(file)) return;
  throw new UserError(
    `the deploy key of ${name} is registered at ${sync.gitHost.url} with a token, and Pulumi.${name}.yaml has none. ` +
      `Set it:\n  eval "$(./grunnmur env --stack ${name})" && pulumi config set --secret gitHostToken --stack ${name}`,
  );
}

/** Besides the file itself, an environment of Pulumi's that it names may hold the value. */
function mayHold(text: string): boolean {
  const file = parse(text) as { config?: Record<string, unknown> | null; environment?: unknown } | null;
  return file?.environment !== undefined || KEYS.some((key) => file?.config?.[key] !== undefined);
}
