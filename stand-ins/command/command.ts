import { randomBytes } from "node:crypto";
import { compare } from "../shared/diff";
import type { Context, Resource, Stored, Work } from "../shared/provider";
import { type Properties, reveal, unknown } from "../shared/value";
import { lastOutput, type Output, type Runner, runScript, type Script } from "./script";

/** A resource whose life is three scripts. `check` looks at what only this sort of command has. */
export function command(
  runner: Runner,
  check: (news: Properties) => { inputs: Properties; failures: { property: string; reason: string }[] },
): Resource {
  const run = (
    step: Script["step"],
    inputs: Properties,
    old: Stored | undefined,
    work: Work,
    context: Context,
  ): Promise<Output> => runScript(runner, step, inputs, old?.outputs ?? {}, work.timeoutMs, context);

  return {
    check: async (news) => check(news),
    // A changed trigger starts over; any other change runs `update`, or `create` when there is none.
    diff: (old, news) => ({ changes: compare(old.inputs, news), replaces: ({ path }) => path[0] === "triggers" }),
    async create(inputs, work, context) {
      if (work.preview) return { id: "", outputs: { ...inputs, ...unmade() } };
      const none = { stdout: "", stderr: "" };
      const made = hasScript(inputs, "create") ? await run("create", inputs, undefined, work, context) : none;
      return { id: `${context.name}${randomBytes(4).toString("hex")}`, outputs: { ...inputs, ...made } };
    },
    read: async (old) => old,
    async update(old, news, work, context) {
      if (work.preview) return { ...news, ...unmade() };
      const step = hasScript(news, "update") ? "update" : "create";
      const made = hasScript(news, step) ? await run(step, news, old, work, context) : lastOutput(old.outputs);
      return { ...news, ...made };
    },
    async delete(old, work, context) {
      if (hasScript(old.outputs, "delete")) await run("delete", old.outputs, old, work, context);
    },
  };
}

function hasScript(properties: Properties, step: Script["step"]): boolean {
  return typeof reveal(properties[step] ?? null) === "string";
}

function unmade(): Properties {
  return { stdout: unknown, stderr: unknown };
}
