import { type SpawnOptions, spawn } from "node:child_process";
import { constants } from "node:os";
import { UserError } from "../terminal/user-error";

/**
 * How a child ended, and what it said where its output was captured. `code` is 128 + signal for a killed one, and for
 * one that failed after a signal which it answered by cleaning up.
 */
export interface Finished {
  code: number;
  stdout: string;
  stderr: string;
}

export interface ChildOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** Text for standard input, which is closed afterwards. Absent: inherited, or empty where output is captured. */
  input?: string;
  /** `capture` keeps both outputs; `inherit` (default) leaves them to the terminal. */
  output?: "capture" | "inherit";
  /** Seconds after which the child is ended. */
  timeoutSeconds?: number;
}

const SIGNAL_LAG_MS = 100;
const FORWARDED = ["SIGTERM", "SIGHUP"] as const;

/**
 * Runs one program to its end. An interrupt at the terminal reaches the child by itself, so it is only survived here; a
 * signal sent to this process alone is passed on as an interrupt, which every child we run answers by cleaning up.
 */
export function run(command: string, args: string[], options: ChildOptions = {}): Promise<Finished> {
  const capture = options.output === "capture";
  const stdin = options.input !== undefined ? "pipe" : capture ? "ignore" : "inherit";
  const settings: SpawnOptions = {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: [stdin, capture ? "pipe" : "inherit", capture ? "pipe" : "inherit"],
    timeout: options.timeoutSeconds === undefined ? undefined : options.timeoutSeconds * 1000,
  };
  return new Promise((resolve, reject) => {
    // Before the child is there, so that a signal meanwhile does not end us beside it.
    let signalled: NodeJS.Signals | undefined;
    const survive = (signal: NodeJS.Signals): void => {
      signalled = signal;
    };
    const forward = (signal: NodeJS.Signals): void => {
      signalled = signal;
      child.kill("SIGINT");
    };
    process.on("SIGINT", survive);
    for (const signal of FORWARDED) process.on(signal, forward);
    const child = spawn(command, args, settings);
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout?.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr?.on("data", (chunk: Buffer) => err.push(chunk));
    // A child that ends before reading its input is judged by its exit code, not by our broken pipe.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(options.input);
    const done = (): void => {
      process.off("SIGINT", survive);
      for (const signal of FORWARDED) process.off(signal, forward);
    };
    child.on("error", (error: NodeJS.ErrnoException) => {
      done();
      reject(error.code === "ENOENT" ? new UserError(`${command} is not installed or not on PATH`) : error);
    });
    child.on("close", (code, signal) => {
      const finish = (): void => {
        done();
        resolve({
          code: exitCode(code, signal, signalled),
          stdout: Buffer.concat(out).toString(),
          stderr: Buffer.concat(err).toString(),
        });
      };
      // An interrupt that reached us both may be told to us after the end of a child that was quick.
      if (code === 0) finish();
      else setTimeout(finish, SIGNAL_LAG_MS);
    });
  });
}

function exitCode(code: number | null, killedBy: NodeJS.Signals | null, signalled: NodeJS.Signals | undefined): number {
  if (code === 0 || (code !== null && code >= 128)) return code;
  const signal = killedBy ?? signalled;
  return signal ? 128 + constants.signals[signal] : (code ?? 128);
}
