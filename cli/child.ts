import { type SpawnOptions, spawn } from "node:child_process";
import { constants } from "node:os";
import { UserError } from "./user-error";

/** How a child ended, and what it said where its output was captured. `code` is 128 + signal for a killed one. */
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
    const child = spawn(command, args, settings);
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout?.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr?.on("data", (chunk: Buffer) => err.push(chunk));
    // A child that ends before reading its input is judged by its exit code, not by our broken pipe.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(options.input);
    const survive = (): void => undefined;
    const forward = (): void => void child.kill("SIGINT");
    process.on("SIGINT", survive);
    for (const signal of FORWARDED) process.on(signal, forward);
    const done = (): void => {
      process.off("SIGINT", survive);
      for (const signal of FORWARDED) process.off(signal, forward);
    };
    child.on("error", (error: NodeJS.ErrnoException) => {
      done();
      reject(error.code === "ENOENT" ? new UserError(`${command} is not installed or not on PATH`) : error);
    });
    child.on("close", (code, signal) => {
      done();
      resolve({
        code: code ?? 128 + (signal ? constants.signals[signal] : 0),
        stdout: Buffer.concat(out).toString(),
        stderr: Buffer.concat(err).toString(),
      });
    });
  });
}
