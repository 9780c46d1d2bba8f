import { existsSync, readdirSync, readFileSync } from "node:fs";
import { repositoryPath, repositoryRoot } from "../../lib/places";
import { parseStackFile } from "../../stacks/load";
import type { Stack } from "../../stacks/stack";
import { UserError } from "../terminal/user-error";

const FILE = /^Pulumi\.([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)\.yaml$/;

export const stackFilePath = (stack: string): string => repositoryPath(`Pulumi.${stack}.yaml`);

/** Names of the environments that have a stack file. */
export function knownStacks(): string[] {
  return readdirSync(repositoryRoot()).flatMap((file) => FILE.exec(file)?.[1] ?? []);
}

/** @throws UserError for a name that has no stack file: it lists those that have one */
export function requireStackFile(stack: string): string {
  if (!knownStacks().includes(stack)) {
    if (!/[/\0]/.test(stack) && existsSync(stackFilePath(stack))) {
      throw new UserError(
        `Pulumi.${stack}.yaml has a name that no environment can have: allowed are small letters, digits and dashes, at ` +
          "most 63, not starting or ending with a dash. Rename the file.",
      );
    }
    throw new UserError(
      `there is no environment "${stack}": Pulumi.${stack}.yaml does not exist in ${repositoryRoot()}. ` +
        `Known: ${knownStacks().join(", ")}. Choose one with --stack, or write that file (docs/configuration.md).`,
    );
  }
  return readFileSync(stackFilePath(stack), "utf8");
}

/** The environment as its stack file describes it. @throws StackError with every mistake there is */
export function readStack(stack: string): Stack {
  return parseStackFile(requireStackFile(stack), stack);
}

/** True where this machine itself runs guests of the environment. */
export function runsHere(stack: Stack): boolean {
  return stack.hypervisors.some(({ kind }) => kind === "local");
}

/**
 * The stack file as Pulumi gets it from us: a copy without the `encryptionsalt` that Pulumi writes, because the state
 * has it too (Pulumi falls back to that) and a tracked file must not change by being used. A file with encrypted values
 * in it keeps its salt: those can be read by nothing else.
 */
export function withoutSalt(text: string): string {
  return /(^|[\s{,])["']?secure["']?\s*:/m.test(text) ? text : text.replace(/^encryptionsalt:.*\n?/m, "");
}
