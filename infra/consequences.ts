import * as pulumi from "@pulumi/pulumi";
import { consequences } from "../stacks/changes";
import type { Stack } from "../stacks/stack";

/** Names of what may be lost, as `./grunnmur up --accept-loss` hands them over. */
export const ACCEPTED = "GRUNNMUR_ACCEPT_LOSS";

/**
 * Stops a run, and a preview, before anything is touched, where the deployed stack cannot become the wanted one. What
 * would delete data is named in the preview, and goes ahead only where each loss is accepted by name.
 *
 * Bound to the platform, whose inputs are the whole checked stack, before any of its children is registered.
 */
export function consequencesHook(): pulumi.ResourceHook {
  return new pulumi.ResourceHook(
    "consequences",
    ({ oldInputs, newInputs }) => judge(oldInputs as Stack, newInputs as Stack, accepted(), pulumi.runtime.isDryRun()),
    { onDryRun: true },
  );
}

/** @throws where the change is refused, or deletes what nobody said may go */
export function judge(deployed: Stack, wanted: Stack, may: readonly string[], preview: boolean): void {
  const { refusals, losses } = consequences(deployed, wanted);
  if (refusals.length > 0) {
    throw new Error(`this change cannot be made, and nothing was touched:\n${list(refusals)}`);
  }
  const unspoken = losses.filter(({ name }) => !may.includes(name));
  if (unspoken.length === 0) return;
  const ask = unspoken.map(({ name }) => `--accept-loss ${name}`).join(" ");
  const found = `this change deletes data:\n${list(unspoken.map(({ what }) => what))}`;
  if (!preview) throw new Error(`${found}\nNothing was touched. To go ahead: ./grunnmur up ${ask}`);
  void pulumi.log.warn(`${found}\nup goes ahead only with: ${ask}`);
}

function accepted(): string[] {
  return (process.env[ACCEPTED] ?? "").split(",").filter(Boolean);
}

function list(lines: string[]): string {
  return lines.map((line) => `  - ${line}`).join("\n");
}
