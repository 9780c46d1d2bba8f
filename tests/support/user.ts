import { spawn } from "node:child_process";
import { join } from "node:path";
import { timeLeft } from "./time-left";

export const repository = join(__dirname, "..", "..");

/** How a command that a user typed ended. */
export interface Typed {
  code: number;
  stdout: string;
  stderr: string;
  seconds: number;
}

interface TypeOptions {
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** Shows what it says while it runs: for work of minutes. */
  show?: boolean;
}

/** Runs a program as a user without a terminal would, and never throws for its exit code. Told to end when the time is over. */
export function type(command: string, args: string[], options: TypeOptions = {}): Promise<Typed> {
  const began = performance.now();
  const left = timeLeft();
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd ?? repository,
      env: { ...process.env, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
      // What is begun after the end, such as to destroy what is left, has the time that it needs.
      ...(left > 0 && Number.isFinite(left) ? { timeout: Math.ceil(left * 1000) } : {}),
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      if (options.show) process.stderr.write(text);
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
      if (options.show) process.stderr.write(text);
    });
    child.on("error", reject);
    child.on("close", (code) => {
      resolve({ code: code ?? 255, stdout, stderr, seconds: (performance.now() - began) / 1000 });
    });
  });
}

/** Runs `./grunnmur` and never throws for its exit code. */
export const grunnmur = (args: string[], options?: TypeOptions): Promise<Typed> =>
  type(join(repository, "grunnmur"), args, options);

/**
 * Writes a file's objects into the cluster `local`, by the server: kubectl's own look at a file asks for a description of all
 * kinds, which takes emulated CPUs a minute.
 */
export const applied = (file: string, ...more: string[]): Promise<Typed> =>
  grunnmur(["kubectl", "apply", "--server-side", "--validate=ignore", ...more, "-f", file]);

/** Runs something that must succeed. @throws with what it said */
export async function must(typed: Promise<Typed>): Promise<Typed> {
  const done = await typed;
  if (done.code !== 0)
    throw new Error(`exit code ${done.code}:\n${done.stdout.slice(-4000)}\n${done.stderr.slice(-4000)}`);
  return done;
}

/** A script, after `eval "$(./grunnmur env)"` has been typed. */
export const inEnvironment = (script: string, stack = "local"): string =>
  `exports=$(./grunnmur env --stack ${stack}); eval "$exports"; ${script}`;

/** Runs a script in a shell where `eval "$(./grunnmur env)"` has been typed. */
export const withEnvironment = (script: string, options?: TypeOptions): Promise<Typed> =>
  type("sh", ["-ec", inEnvironment(script)], options);
