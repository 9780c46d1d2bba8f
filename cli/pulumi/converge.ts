import { say } from "../terminal/say";
import { UserError } from "../terminal/user-error";
import { withObligations } from "./obligations";
import { summary } from "./summary";
import { type Trace, traced } from "./trace";
import { type Change, type Update, update } from "./update";

/**
 * What fails only because the other side was not there yet is tried once more; Pulumi then goes on where it stopped. What the
 * first began to replace is gone on with, and not replaced again.
 */
export async function converge(stack: string, change: Change, trace: Trace): Promise<Update> {
  const first = await update(stack, change, trace);
  if (first.code === 0 || first.code >= 128 || !first.transient) return first;
  say("That looks like something that goes away by itself: trying once more. What is done already stays done.");
  const second = await update(stack, { ...change, review: false, replace: [] }, trace);
  return { ...second, stages: [...first.stages, ...second.stages] };
}

/** What a failed run ends with. */
export function failed(
  stack: string,
  { failures, code, refused }: Pick<Update, "failures" | "code" | "refused">,
  verb = "up",
): string {
  const again = `Nothing that was done is lost: ./grunnmur ${verb} --stack ${stack} continues from here.`;
  if (code >= 128) return `The run was interrupted. ${again}`;
  const list = failures.map(
    ({ stage, resource, message }) => `  ${[stage, resource].filter(Boolean).join("/")}: ${message}`,
  );
  if (refused) return [`${stack} is as it was:`, ...list, "Nothing was changed."].join("\n");
  return [`${stack} is not up:`, ...(list.length > 0 ? list : ["  Pulumi says above why"]), again].join("\n");
}

/**
 * One change that somebody has agreed to, with its summary.
 * @param verb what continues where it breaks off
 * @throws UserError where it did not come to its end
 */
export async function change(stack: string, what: Change, verb: string): Promise<void> {
  const began = performance.now();
  const result = await traced(undefined, (trace) => withObligations(stack, () => converge(stack, what, trace)));
  say(summary(result.stages, result, (performance.now() - began) / 1000).join("\n"));
  if (result.code !== 0) throw new UserError(failed(stack, result, verb), result.code >= 128 ? result.code : 1);
}
