import { spawn } from "node:child_process";
import type { Properties } from "../shared/value";
import { checkCommon, expect } from "./check";
import { endedBadly, type Script, stopReason } from "./script";

const defaultInterpreter = ["/bin/sh", "-c"];
const graceMs = 5000;

/** `command:local:Command`: scripts that run on this machine. */
export function checkLocal(news: Properties) {
  const failures = checkCommon(news);
  const isTexts = (value: unknown) => Array.isArray(value) && value.every((one) => typeof one !== "number");
  failures.push(...expect(news, "interpreter", 'a list of text, such as ["/bin/bash", "-c"]', isTexts));
  failures.push(...expect(news, "dir", "the path of a directory", (value) => typeof value === "string"));
  for (const property of ["assetPaths", "archivePaths"]) {
    const reason = `"${property}" is not covered by this stand-in: print what is needed to standard output instead`;
    if (news[property] !== undefined && news[property] !== null) failures.push({ property, reason });
  }
  return { inputs: news, failures };
}

export async function runLocal(script: Script, inputs: Properties): Promise<void> {
  const given = (inputs.interpreter ?? []) as string[];
  const [program, ...args] = given.length > 0 ? given : defaultInterpreter;
  script.signal.throwIfAborted();
  const child = spawn(program as string, [...args, script.text], {
    cwd: typeof inputs.dir === "string" ? inputs.dir : process.cwd(),
    env: { ...process.env, ...script.environment, ...script.previousOutput },
    stdio: ["pipe", "pipe", "pipe"],
    // A group of its own, so that a cancelled script takes its children with it.
    detached: true,
  });
  const end = (signal: NodeJS.Signals) => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, signal);
    } catch {
      // The group is gone already.
    }
  };
  let patience: NodeJS.Timeout | undefined;
  const stop = () => {
    end("SIGTERM");
    patience = setTimeout(() => end("SIGKILL"), graceMs);
  };
  script.signal.addEventListener("abort", stop, { once: true });
  script.transcript.attach("stdout", child.stdout);
  script.transcript.attach("stderr", child.stderr);
  // A script that does not read all it is given closes the pipe; that is its own business.
  child.stdin.on("error", () => {});
  child.stdin.end(script.stdin);
  try {
    await ended(child, script, `${program}`);
  } finally {
    clearTimeout(patience);
    script.signal.removeEventListener("abort", stop);
  }
}

function ended(child: ReturnType<typeof spawn>, script: Script, program: string): Promise<void> {
  return new Promise((resolve, reject) => {
    child.on("error", (error) =>
      reject(
        new Error(
          `the \`${script.step}\` script could not start: ${error.message}. Look at \`interpreter\` ("${program}") and \`dir\`.`,
        ),
      ),
    );
    child.on("close", (code, signal) => {
      if (script.signal.aborted) reject(endedBadly(script, stopReason(script.signal)));
      else if (code === 0) resolve();
      else reject(endedBadly(script, code === null ? `was ended by ${signal}` : `ended with exit code ${code}`));
    });
  });
}
