import * as assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { checkLocal, runLocal } from "./local";
import type { Script } from "./script";
import { Transcript } from "./transcript";

function script(text: string, changes: Partial<Script> = {}): Script {
  return {
    step: "create",
    text,
    environment: {},
    previousOutput: {},
    stdin: "",
    transcript: new Transcript("stdoutAndStderr", () => {}),
    signal: new AbortController().signal,
    progress: () => {},
    ...changes,
  };
}

describe("a local command", () => {
  it("gives the script its input, environment, directory and last output", async () => {
    const given = script('cat; printf " %s %s " "$A" "$PULUMI_COMMAND_STDOUT"; pwd', {
      stdin: "in",
      environment: { A: "a" },
      previousOutput: { PULUMI_COMMAND_STDOUT: "before" },
    });
    await runLocal(given, { dir: tmpdir() });
    assert.equal(given.transcript.result().stdout, `in a before ${tmpdir()}`);
  });

  it("runs another interpreter", async () => {
    const given = script("console.log(1 + 1)");
    await runLocal(given, { interpreter: [process.execPath, "-e"] });
    assert.equal(given.transcript.result().stdout, "2");
  });

  it("reads nothing of the user's own startup files, wherever it was started from", async (t) => {
    const home = mkdtempSync(join(tmpdir(), "startup-"));
    const before = { HOME: process.env.HOME, SHLVL: process.env.SHLVL };
    t.after(() => {
      rmSync(home, { recursive: true });
      for (const [name, value] of Object.entries(before)) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    });
    writeFileSync(join(home, ".bashrc"), "echo read");
    process.env.HOME = home;
    for (const depth of [undefined, "0", "3"]) {
      if (depth === undefined) delete process.env.SHLVL;
      else process.env.SHLVL = depth;
      const given = script("echo run");
      await runLocal(given, { interpreter: ["/bin/bash", "-c"] });
      assert.equal(given.transcript.result().stdout, "run", `SHLVL=${depth}`);
    }
  });

  it("does not mind a script that leaves its input unread", async () => {
    await runLocal(script("true", { stdin: "x".repeat(1_000_000) }), {});
  });

  it("fails with the exit code and the end of what was written", async () => {
    await assert.rejects(runLocal(script("echo out; echo why >&2; exit 3"), {}), /exit code 3.*\nwhy$/s);
  });

  it("says when the script could not start", async () => {
    await assert.rejects(
      runLocal(script("true"), { interpreter: ["/no/such/program"] }),
      /could not start.*interpreter/,
    );
    await assert.rejects(runLocal(script("true"), { dir: "/no/such/directory" }), /could not start.*`dir`/);
  });

  it("takes a cancelled script's children with it", async () => {
    const stop = new AbortController();
    const transcript = new Transcript("stdoutAndStderr", () => stop.abort());
    const given = script('sleep 300 & echo "$!"; wait', { signal: stop.signal, transcript });
    await assert.rejects(runLocal(given, {}), /was stopped: the run was cancelled/);
    assert.ok(!isRunning(transcript.result().stdout));
  });
});

/** A process that has ended may still be listed until somebody asks how it ended. */
function isRunning(pid: string): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

describe("checking a local command", () => {
  it("refuses what is not covered", () => {
    const { failures } = checkLocal({ assetPaths: ["*"], archivePaths: ["*"] });
    assert.deepEqual(
      failures.map(({ property }) => property),
      ["assetPaths", "archivePaths"],
    );
  });

  it("names a wrong property without showing its value", () => {
    const { failures } = checkLocal({ create: 42, environment: { "NO-NAME": "hunter2" }, logging: "loud" });
    assert.deepEqual(failures.map(({ property }) => property).sort(), ["create", "environment", "logging"]);
    assert.doesNotMatch(JSON.stringify(failures), /hunter2|42/);
  });
});
