import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { withPrivateDir } from "./private-dir";

test("the directory is the owner's only, and gone after success and after an error", async () => {
  let seen = "";
  await withPrivateDir(async (directory) => {
    seen = directory;
    assert.equal(statSync(directory).mode & 0o777, 0o700);
  });
  assert.equal(existsSync(seen), false);
  await assert.rejects(
    withPrivateDir(async (directory) => {
      seen = directory;
      throw new Error("inside");
    }),
    /inside/,
  );
  assert.equal(existsSync(seen), false);
});

test("a signal does not leave it behind", async () => {
  const script = `
    const { withPrivateDir } = require(${JSON.stringify(join(__dirname, "private-dir"))});
    withPrivateDir((directory) => new Promise((resolve) => {
      console.log(directory);
      process.on("SIGTERM", resolve);
      setTimeout(resolve, 20000);
    })).then(() => process.exit(0));`;
  const child = spawn(process.execPath, ["--import", "tsx", "-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  const directory = await new Promise<string>((resolve) =>
    child.stdout.once("data", (data) => resolve(`${data}`.trim())),
  );
  assert.ok(existsSync(directory));
  child.kill("SIGTERM");
  await new Promise((resolve) => child.once("exit", resolve));
  assert.equal(existsSync(directory), false);
});

test("what a killed run left is removed by the next, and a living run's is not", async () => {
  await withPrivateDir(async (living) => {
    // Process numbers end at 2^22 on Linux, so this one cannot exist.
    const orphan = join(dirname(living), `grunnmur-${2 ** 22 + 1}-abcdef`);
    mkdirSync(orphan);
    await withPrivateDir(async () => {
      assert.equal(existsSync(orphan), false);
      assert.equal(existsSync(living), true);
    });
  });
});
