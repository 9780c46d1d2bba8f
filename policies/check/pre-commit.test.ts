import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { artifactDir, ensure } from "../../artifacts/store";
import { deployment } from "./support/check-files";

const directory = mkdtempSync(join(tmpdir(), "pre-commit-"));
const repository = join(directory, "repository");
const scratch = join(directory, "tmp");
const good = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a, namespace: shop }\n";

function git(...args: string[]) {
  const identity = {
    GIT_AUTHOR_NAME: "a",
    GIT_AUTHOR_EMAIL: "a@b",
    GIT_COMMITTER_NAME: "a",
    GIT_COMMITTER_EMAIL: "a@b",
  };
  const { GIT_DIR: _, GIT_INDEX_FILE: __, GIT_WORK_TREE: ___, ...outer } = process.env;
  const env = {
    ...outer,
    ...identity,
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_CONFIG_SYSTEM: "/dev/null",
    TMPDIR: scratch,
  };
  return spawnSync("git", args, { cwd: repository, env, encoding: "utf8" });
}

const write = (name: string, content: string): void => writeFileSync(join(repository, name), content);

before(async () => {
  await ensure(["check"]);
  for (const path of [repository, scratch]) mkdirSync(path);
  git("init", "--quiet");
  git("config", "grunnmur.registry", "registry.example.no");
  git("config", "grunnmur.profile", "NO");
  symlinkSync(join(artifactDir("check"), "pre-commit"), join(repository, ".git", "hooks", "pre-commit"));
});
after(() => rmSync(directory, { recursive: true, force: true }));

test("what is staged is judged, and not what lies in the work tree", () => {
  write("a.yaml", deployment("a"));
  git("add", "a.yaml");
  write("a.yaml", good);
  const refused = git("commit", "-m", "bad");
  assert.notEqual(refused.status, 0);
  assert.match(
    refused.stdout + refused.stderr,
    /^a\.yaml:\d+: error: image-from-stack-registry: .*registry\.example\.no/m,
  );
  assert.equal(git("rev-parse", "--verify", "HEAD").status, 128);

  git("add", "a.yaml");
  write("a.yaml", deployment("a"));
  write("untracked.yaml", deployment("b"));
  const { status, stderr } = git("commit", "-m", "good");
  assert.equal(status, 0, stderr);
  assert.deepEqual(readdirSync(scratch), []);
});

test("with -a it is what -a takes along", () => {
  const refused = git("commit", "-a", "-m", "bad");
  assert.notEqual(refused.status, 0);
  assert.match(refused.stdout + refused.stderr, /^a\.yaml:\d+: error: image-pinned/m);
});

test("what cannot be read is not committed, unless one asks for that", () => {
  write("b.yaml", "a: [\n");
  git("add", "b.yaml");
  const refused = git("commit", "-m", "bad");
  assert.match(refused.stdout + refused.stderr, /^b\.yaml:/m);
  assert.notEqual(refused.status, 0);
  assert.equal(git("commit", "--no-verify", "-m", "all the same").status, 0);
});
