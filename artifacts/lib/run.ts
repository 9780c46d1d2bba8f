import { spawn } from "node:child_process";

/** How a command is run. */
export interface RunOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  input?: string;
  /** Called with every whole line of standard error as it comes. */
  onLine?: (line: string) => void;
}

const tailLines = 40;

/**
 * Runs a program to its end and returns its standard output.
 * @throws with the command, how it ended and the last lines it wrote. Arguments are shown, so they hold no secrets.
 */
export async function run(command: string, args: string[], options: RunOptions = {}): Promise<string> {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: ["pipe", "pipe", "pipe"],
  });
  const out: Buffer[] = [];
  const tail: string[] = [];
  let partial = "";

  child.stdin.on("error", () => {}); // a program that ends without reading its input is judged by its exit status
  child.stdin.end(options.input ?? "");
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    const lines = (partial + chunk).split("\n");
    partial = lines.pop() ?? "";
    for (const line of lines) {
      tail.push(line);
      if (tail.length > tailLines) tail.shift();
      options.onLine?.(line);
    }
  });

  const ended = await new Promise<string>((resolve, reject) => {
    child.on("error", (error: NodeJS.ErrnoException) =>
      reject(error.code === "ENOENT" ? new Error(`${command} is not installed, or not on PATH`) : error),
    );
    child.on("close", (code, signal) => resolve(signal ? `was ended by ${signal}` : code === 0 ? "" : `exit ${code}`));
  });
  const stdout = Buffer.concat(out).toString("utf8");
  if (ended) throw new CommandError(`${[command, ...args].join(" ")}: ${ended}`, ended, [...tail, partial], stdout);
  return stdout;
}

/** A program that failed, with the end of what it wrote. */
export class CommandError extends Error {
  constructor(
    what: string,
    readonly ended: string,
    tail: string[],
    stdout: string,
  ) {
    const said = tail.filter(Boolean);
    const shown = said.length > 0 ? said : stdout.trim().split("\n").slice(-tailLines);
    super([what, ...shown.map((line) => `    ${line}`)].join("\n"));
    this.name = "CommandError";
  }

  /** Exit status, or undefined where a signal ended it. */
  get code(): number | undefined {
    const found = /^exit (\d+)$/.exec(this.ended);
    return found ? Number(found[1]) : undefined;
  }
}
