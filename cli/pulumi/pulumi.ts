import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { patienceHere } from "../../lib/machine";
import { repositoryPath, repositoryRoot, stateDir } from "../../lib/places";
import { withPrivateDir } from "../../lib/private-dir";
import { type ChildOptions, type Finished, run } from "../here/child";
import { UserError } from "../terminal/user-error";
import { pulumiBinary, pulumiVariables } from "./pulumi-environment";
import { requireStackFile, withoutSalt } from "./stack-file";
import { STARTED_BY } from "./stale-lock";

/** Runs `pulumi` with our environment, in the repository unless told. */
export function pulumi(args: string[], options: ChildOptions = {}): Promise<Finished> {
  mkdirSync(stateDir(), { recursive: true, mode: 0o700 });
  const env = { ...process.env, ...pulumiVariables(), ...options.env, [STARTED_BY]: String(process.pid) };
  // Without us nobody hears what it says: it ends as after an interrupt, and gives the state free.
  return run("setpriv", ["--pdeathsig", "INT", "--", pulumiBinary(), ...args], {
    cwd: repositoryRoot(),
    ...options,
    env,
  });
}

/** Runs `pulumi` for its output. @throws UserError with Pulumi's own message */
export async function pulumiOutput(args: string[], options: ChildOptions = {}): Promise<string> {
  const done = await pulumi([...args, "--non-interactive"], {
    timeoutSeconds: 120 * patienceHere(),
    ...options,
    output: "capture",
  });
  if (done.code >= 128) throw new UserError(`pulumi ${args.join(" ")} was interrupted, or took too long.`, done.code);
  if (done.code !== 0) throw new UserError(`pulumi ${args.join(" ")} failed:\n${done.stderr.trim()}`);
  return done.stdout;
}

/** Runs `work` with the path of the stack file's copy that is safe to hand to Pulumi (see `withoutSalt`). */
export function withConfigFile<T>(
  stack: string,
  work: (file: string) => Promise<T>,
  text = requireStackFile(stack),
): Promise<T> {
  return withPrivateDir(async (directory) => {
    const file = join(directory, `Pulumi.${stack}.yaml`);
    writeFileSync(file, withoutSalt(text), { mode: 0o600 });
    return work(file);
  });
}

/** Names of the stacks that the backend has. */
export async function existingStacks(): Promise<string[]> {
  const listed = JSON.parse(await pulumiOutput(["stack", "ls", "--json"])) as { name: string }[];
  return listed.map(({ name }) => name.split("/").at(-1) ?? name);
}

/**
 * Makes the stack in the backend if it is not there. Pulumi writes a new stack's salt beside the nearest `Pulumi.yaml`,
 * so the stack is made from a copy of that file; the state keeps the salt.
 */
export async function ensureStack(stack: string): Promise<void> {
  if ((await existingStacks()).includes(stack)) return;
  await withPrivateDir(async (directory) => {
    copyFileSync(repositoryPath("Pulumi.yaml"), join(directory, "Pulumi.yaml"));
    writeFileSync(join(directory, `Pulumi.${stack}.yaml`), withoutSalt(requireStackFile(stack)), { mode: 0o600 });
    await pulumiOutput(["stack", "init", stack], { cwd: directory });
  });
}

/** Number of resources in the stack's state, and of operations on such that an earlier run began and did not end. */
export async function resourceCount(stack: string): Promise<number> {
  const exported = JSON.parse(await pulumiOutput(["stack", "export", "--stack", stack])) as {
    deployment?: { resources?: { type: string }[]; pending_operations?: unknown[] };
  };
  const resources = exported.deployment?.resources ?? [];
  return resources.length + (exported.deployment?.pending_operations?.length ?? 0);
}

/** Empties the stack's state without touching what it describes: the stack file stays as it is. */
export async function forgetStack(stack: string): Promise<void> {
  await pulumiOutput(["stack", "rm", stack, "--force", "--yes", "--preserve-config"]);
  await ensureStack(stack);
}
