import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { commit } from "./payment-service";

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "grunnmur-commit-"));
});

afterEach(() => rmSync(dir, { recursive: true, force: true }));

function application(name: string, mode = 0o644): string {
  const folder = join(dir, name);
  mkdirSync(join(folder, "ci"), { recursive: true });
  writeFileSync(join(folder, "main.go"), "package main\n");
  chmodSync(join(folder, "main.go"), mode);
  writeFileSync(join(folder, "ci", "build.log"), "kept, whatever the person's own ignore file says\n");
  return folder;
}

test("the same files make the same commit, whoever makes it, whenever and under whatever umask", async () => {
  const first = await commit(application("one"), join(dir, "clone-one"));
  process.env.GIT_AUTHOR_NAME = "somebody";
  process.env.GIT_DIR = join(dir, "elsewhere");
  try {
    assert.equal(await commit(application("two", 0o600), join(dir, "clone-two")), first);
  } finally {
    delete process.env.GIT_AUTHOR_NAME;
    delete process.env.GIT_DIR;
  }
  assert.match(first, /^[0-9a-f]{40}$/);
});

test("a person's own ignore file leaves nothing out", async () => {
  const config = join(dir, "config");
  mkdirSync(join(config, "git"), { recursive: true });
  writeFileSync(join(config, "git", "ignore"), "*.log\n");
  const before = process.env.XDG_CONFIG_HOME;
  process.env.XDG_CONFIG_HOME = config;
  try {
    await commit(application("one"), join(dir, "clone"));
  } finally {
    if (before === undefined) delete process.env.XDG_CONFIG_HOME;
    else process.env.XDG_CONFIG_HOME = before;
  }
  const files = execFileSync("git", ["ls-tree", "-r", "--name-only", "main"], {
    cwd: join(dir, "clone"),
    encoding: "utf8",
  });
  assert.deepEqual(files.trim().split("\n"), ["ci/build.log", "main.go"]);
});

test("another file makes another commit", async () => {
  const folder = application("one");
  const first = await commit(folder, join(dir, "clone-one"));
  writeFileSync(join(folder, "main.go"), "package main // changed\n");
  assert.notEqual(await commit(folder, join(dir, "clone-two")), first);
});
