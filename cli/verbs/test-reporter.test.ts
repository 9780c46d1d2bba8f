import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { repositoryPath } from "../../lib/places";

test("the last line of a test run is its count", () => {
  // The runner loads it before it can compile, so that it is the compiled one that is tested.
  const folder = mkdtempSync(join(tmpdir(), "reporter-"));
  try {
    const file = join(folder, "some.test.mjs");
    writeFileSync(
      file,
      `import { test } from "node:test";
      test("good", () => {}); test("good too", () => {}); test("left out", { skip: true }, () => {});
      test("bad", () => { throw new Error("broken on purpose"); });`,
    );
    const reporter = `--test-reporter=${repositoryPath("dist", "cli", "verbs", "test-reporter.js")}`;
    // A runner that finds itself inside another one reports to that one.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const run = spawnSync(process.execPath, ["--test", reporter, file], { encoding: "utf8", env });
    assert.equal(run.status, 1);
    assert.match(run.stdout, /broken on purpose/);
    assert.equal(run.stdout.trimEnd().split("\n").at(-1), "4 tests: 2 passed, 1 failed, 1 skipped");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
