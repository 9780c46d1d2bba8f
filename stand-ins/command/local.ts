import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import type { Properties } from "../shared/value";
import { checkCommon, expect } from "./check";
import { endedBadly, type Script, stopReason } from "./script";

const defaultInterpreter = ["/bin/sh", "-c"];
/** How long a script may take to end once it is asked to; shorter than the plugin waits for it (shared/server.ts). */
const graceMs = 5000;
const lookMs = 50;

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
    env: { ...belowAShell(process.env), ...script.environment, ...script.previousOutput },
    stdio: ["pipe", "pipe", "pipe"],
    // A group of its own, so that a cancelled script takes its children with it.
    detached: true,
  });
  let stopped: Promise<void> | undefined;
  const stop = () => {
    if (child.pid !== undefined) stopped = endGroup(child.pid);
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
    script.signal.removeEventListener("abort", stop);
    await stopped; // the interpreter may be gone before its children
  }
}

/**
 * A bash at no depth, whose input is a socket as Node's pipes are, takes itself for a remote shell and reads the user's .bashrc
 * first (bash(1), INVOCATION). Whatever stands there is no part of a script.
 */
const belowAShell = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({
  ...env,
  SHLVL: `${Math.max(1, Number(env.SHLVL) || 0)}`,
});

/** Asks a process group to end, and kills what is left of it after a while. */
async function endGroup(leader: number): Promise<void> {
  const send = (signal: NodeJS.Signals | 0): boolean => {
    try {
      return process.kill(-leader, signal);
    } catch {
      return false; // the group is gone
    }
  };
  const giveUp = Date.now() + graceMs;
  send("SIGTERM");
  while (send(0) && Date.now() < giveUp) await sleep(lookMs);
  send("SIGKILL");
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
