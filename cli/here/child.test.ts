import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { run } from "./child";

test("a child's own exit code is kept, and 128 + signal is told of one that was killed", async () => {
  assert.equal((await run("sh", ["-c", "exit 0"])).code, 0);
  assert.equal((await run("sh", ["-c", "exit 7"])).code, 7);
  assert.equal((await run("sh", ["-c", "kill -9 $$"])).code, 137);
});

/** What our process ends with when `signal` reaches it while a child runs that answers an interrupt by `exit <code>`. */
function interrupted(signal: "INT" | "TERM", code: number): number | null {
  // At a terminal an interrupt reaches the child by itself; any other signal, to us alone, is passed on.
  const both = signal === "INT" ? "kill -INT $$;" : "";
  const child = `trap 'exit ${code}' INT; sleep 0.3; kill -${signal} $PPID; ${both} while :; do sleep 0.1; done`;
  const module = JSON.stringify(join(__dirname, "child"));
  const source = `require(${module}).run("sh", ["-c", ${JSON.stringify(child)}]).then(({ code }) => process.exit(code))`;
  return spawnSync(process.execPath, ["--import", "tsx", "-e", source], { timeout: 20_000 }).status;
}

test("a child that cleaned up after a signal and failed is told as interrupted, one that succeeded is not", () => {
  assert.equal(interrupted("INT", 1), 130);
  assert.equal(interrupted("TERM", 1), 143);
  assert.equal(interrupted("TERM", 0), 0);
});
