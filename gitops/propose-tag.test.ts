import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { renderConfigRepo } from "./render";

const SCRIPT = join(__dirname, "app-repo", "ci", "propose-tag.sh");
const [OLD, NEW] = ["a".repeat(40), "b".repeat(40)];
const IDENTITY = ["-c", "user.name=test", "-c", "user.email=test@localhost"];

function git(folder: string, ...args: string[]): string {
  return execFileSync("git", ["-C", folder, ...IDENTITY, ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
}

/** A bare repository that holds a configuration with payment-service at OLD. */
function configRepository(folder: string): string {
  const [work, bare] = [join(folder, "work"), join(folder, "config.git")];
  execFileSync("git", ["init", "--quiet", "--initial-branch=main", work]);
  const values = { cluster: "local", registry: "registry.example.no", tag: OLD, region: "NO", profile: "NO" };
  for (const { path, content } of renderConfigRepo(values)) {
    mkdirSync(dirname(join(work, path)), { recursive: true });
    writeFileSync(join(work, path), content);
  }
  git(work, "add", "--all");
  git(work, "commit", "--quiet", "--message", "Start");
  execFileSync("git", ["clone", "--quiet", "--bare", work, bare]);
  git(bare, "config", "receive.advertisePushOptions", "true");
  return bare;
}

function propose(repository: string, sha: string) {
  const env = {
    ...process.env,
    CI_COMMIT_SHA: sha,
    CONFIG_REPOSITORY: `file://${repository}`,
    CONFIG_REPOSITORY_TOKEN: "unused",
  };
  return spawnSync("sh", [SCRIPT], { env, encoding: "utf8" });
}

test("CI proposes a new tag on a branch of its own: one line changes, main stays", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "propose-tag-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const repository = configRepository(folder);
  const main = git(repository, "rev-parse", "main");

  const { status, stdout, stderr } = propose(repository, NEW);
  assert.equal(status, 0, stderr);
  assert.equal(stdout, `proposed: Set payment-service to ${NEW}\n`);
  assert.equal(git(repository, "rev-parse", "main"), main);
  const changes = git(repository, "diff", "--unified=0", "main", `payment-service-${NEW}`).split("\n");
  assert.deepEqual(
    changes.filter((line) => /^[+-] /.test(line)),
    [
      `-          image: registry.example.no/payment-service:${OLD}`,
      `+          image: registry.example.no/payment-service:${NEW}`,
    ],
  );
});

test("nothing is proposed where the tag is there already, and a repository without the image is an error", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "propose-tag-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const repository = configRepository(folder);
  assert.match(propose(repository, OLD).stdout, /at a{40} already/);
  assert.equal(git(repository, "branch", "--list").trim(), "* main");

  const work = join(folder, "work");
  git(work, "rm", "-r", "--quiet", "clusters");
  mkdirSync(join(work, "clusters"));
  writeFileSync(join(work, "clusters", "empty"), "");
  git(work, "add", "--all");
  git(work, "commit", "--quiet", "--message", "Empty");
  git(work, "push", "--quiet", repository, "main");
  const { status, stderr } = propose(repository, NEW);
  assert.equal(status, 1);
  assert.match(stderr, /has no image of payment-service below clusters\//);
});
