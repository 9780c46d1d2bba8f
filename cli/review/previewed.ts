import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { withPrivateDir } from "../../lib/private-dir";
import { readObligations } from "../../policies/crossguard/obligations";
import type { Stack } from "../../stacks/stack";
import type { ChildOptions } from "../here/child";
import { deployed } from "../pulumi/deployed";
import { parseEvents } from "../pulumi/events";
import { withObligations } from "../pulumi/obligations";
import { policyPackArgs } from "../pulumi/policy-packs";
import { pulumi, withConfigFile } from "../pulumi/pulumi";
import { type Facts, type Review, review } from "./review";

export interface Previewed {
  /** Pulumi's exit code: 0 where `up` would go ahead, 128 or more where the run was interrupted. */
  code: number;
  /** What it comes to; not for a run that was interrupted. */
  review(): Promise<Review>;
}

/** Today, `YYYY-MM-DD`. */
export const today = (): string => new Date().toISOString().slice(0, 10);

/**
 * Pulumi's preview of a stack file, as Pulumi shows it. What a reviewer needs is read from the engine's own log of events, as `up`
 * reads its progress: Pulumi's Automation API starts the same command and gives the same events, and would be a second way to run it.
 *
 * @param file the text that Pulumi gets for the stack's file
 * @param more arguments for `pulumi preview`
 * @param output whether Pulumi's words are seen
 */
export async function previewed(
  wanted: Stack,
  file: string,
  more: string[] = [],
  environment: NodeJS.ProcessEnv = {},
  output: ChildOptions["output"] = "inherit",
): Promise<Previewed> {
  return withPrivateDir(async (directory) => {
    const log = join(directory, "events.json");
    const { code } = await withObligations(wanted.name, () =>
      withConfigFile(
        wanted.name,
        (config) =>
          pulumi(
            [
              "preview",
              ...["--stack", wanted.name, "--config-file", config, "--event-log", log],
              ...more,
              ...policyPackArgs(),
            ],
            // Pulumi has the log for those who debug it.
            { env: { PULUMI_DEBUG_COMMANDS: "true", ...environment }, output },
          ),
        file,
      ),
    );
    const events = existsSync(log) ? parseEvents(readFileSync(log, "utf8")) : [];
    return { code, review: () => reviewed(wanted, { events, ok: code === 0 }) };
  });
}

async function reviewed(wanted: Stack, run: Pick<Facts, "events" | "ok">): Promise<Review> {
  const was = await deployed(wanted.name);
  return review({
    ...run,
    stack: wanted.name,
    date: today(),
    wanted,
    deployed: was?.stack,
    certificates: was?.certificates ?? {},
    open: readObligations(wanted.name).owed,
  });
}

/** The review of a stack file that is none. @param mistakes all that is wrong with it */
export const mistaken = (stack: string, mistakes: string): Review =>
  review({
    stack,
    date: today(),
    wanted: undefined,
    mistakes,
    deployed: undefined,
    certificates: {},
    events: [],
    open: [],
    ok: false,
  });
