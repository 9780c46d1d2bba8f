import type { Context } from "../shared/provider";
import { Redactor } from "../shared/redactor";
import { type Properties, reveal, revealObject } from "../shared/value";
import { type Logging, Transcript } from "./transcript";

/** One run of one of a command's scripts. */
export interface Script {
  /** Which script it is, for messages: `create`, `update` or `delete`. */
  step: "create" | "update" | "delete";
  text: string;
  environment: Record<string, string>;
  /** Extra variables that may be lost on the way without harm. */
  previousOutput: Record<string, string>;
  stdin: string;
  transcript: Transcript;
  signal: AbortSignal;
  /** For a line about the work itself, such as a connection that is tried again. */
  progress(message: string): void;
}

export interface Output {
  stdout: string;
  stderr: string;
}

/** Runs a script to its end. Throws when it could not run, or ended with anything but 0. */
export type Runner = (script: Script, inputs: Properties) => Promise<void>;

/**
 * Runs one script of a command, with progress shown and secrets hidden. `inputs` may hold secrets
 * and may not hold unknown values; `old` are the outputs of the last run, if there was one.
 */
export async function runScript(
  runner: Runner,
  step: Script["step"],
  inputs: Properties,
  old: Properties,
  timeoutMs: number | undefined,
  context: Context,
): Promise<Output> {
  const plain = revealObject(inputs);
  // A script is given what the last one wrote, and may show it.
  const redactor = new Redactor({ ...inputs, previously: [old.stdout ?? null, old.stderr ?? null] }, ["stdin"]);
  const progress = (line: string) => context.log.progress(redactor.redact(line));
  const transcript = new Transcript((plain.logging as Logging | undefined) ?? "stdoutAndStderr", progress);
  const limit = timeoutMs === undefined ? [] : [AbortSignal.timeout(timeoutMs)];
  try {
    await runner(
      {
        step,
        text: String(plain[step] ?? plain.create),
        environment: (plain.environment ?? {}) as Record<string, string>,
        previousOutput: plain.addPreviousOutputInEnv === false ? {} : previousOutput(lastOutput(old)),
        stdin: String(plain.stdin ?? ""),
        transcript,
        signal: AbortSignal.any([context.signal, ...limit]),
        progress,
      },
      plain,
    );
  } catch (error) {
    throw new Error(redactor.redact(error instanceof Error ? error.message : String(error)));
  }
  return transcript.result();
}

/** How a script ended, as an error. */
export function endedBadly(script: Script, how: string): Error {
  return new Error(`the \`${script.step}\` script ${how}. The end of what it wrote:\n${script.transcript.tail()}`);
}

/** Why a script was stopped before its end. */
export function stopReason(signal: AbortSignal): string {
  const timedOut = signal.reason instanceof Error && signal.reason.name === "TimeoutError";
  return timedOut ? "was stopped: it ran longer than its `customTimeouts` allow" : "was stopped: the run was cancelled";
}

/** What the last run wrote, from the outputs it left. */
export function lastOutput(outputs: Properties): Output {
  const text = (name: string) => String(reveal(outputs[name] ?? ""));
  return { stdout: text("stdout"), stderr: text("stderr") };
}

function previousOutput({ stdout, stderr }: Output): Record<string, string> {
  return {
    ...(stdout === "" ? {} : { PULUMI_COMMAND_STDOUT: stdout }),
    ...(stderr === "" ? {} : { PULUMI_COMMAND_STDERR: stderr }),
  };
}
