import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { repositoryPath, repositoryRoot } from "../../lib/places";
import { run } from "../here/child";
import { gitHostDouble } from "../review/support/git-host-double";
import { printed } from "./support/printed";

// The verb in a checkout of its own, since it fetches into the one that it lies in. What needs no preview is tried here; previews
// are in preview.test.ts.

const FILE = "Pulumi.prod.yaml";
const folder = mkdtempSync(join(tmpdir(), "grunnmur-review-verb-"));
after(() => rmSync(folder, { recursive: true }));
const [bare, here] = [join(folder, "bare.git"), join(folder, "here")];
const git = (...args: string[]) =>
  execFileSync("git", ["-C", here, "-c", "user.name=t", "-c", "user.email=t@localhost", ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  }).trim();

function checkout(): void {
  const files = execFileSync("git", ["-C", repositoryRoot(), "ls-files", "-z"], { encoding: "utf8" }).split("\0");
  for (const file of files.filter(Boolean))
    if (existsSync(repositoryPath(file))) cpSync(repositoryPath(file), join(here, file));
  cpSync(repositoryPath("dist"), join(here, "dist"), { recursive: true });
  symlinkSync(repositoryPath("node_modules"), join(here, "node_modules"));
  execFileSync("git", ["init", "--quiet", "--bare", "--initial-branch=main", bare]);
  git("init", "--quiet", "--initial-branch=main");
  git("remote", "add", "origin", bare);
  git("add", "--all");
  git("commit", "--quiet", "-m", "Begin");
  git("push", "--quiet", "origin", "main");
}

/** Changes files in a proposal. */
function propose(number: number, change: () => void): void {
  git("checkout", "--quiet", "--detach", "main");
  change();
  git("add", "--all");
  git("commit", "--quiet", "-m", `Proposal ${number}`);
  git("push", "--quiet", "--force", "origin", `HEAD:refs/merge-requests/${number}/head`);
  git("checkout", "--quiet", "main");
}

const edit = (file: string, from: string, to: string) => () => {
  const text = readFileSync(join(here, file), "utf8");
  assert.ok(text.includes(from));
  writeFileSync(join(here, file), text.replace(from, to));
};

test("each open proposal has one comment, and nothing of a proposal is run", async (t) => {
  checkout();
  const host = await gitHostDouble(t, "gitlab");
  host.proposals.push(...[1, 2, 3, 4].map((number) => ({ number, branch: "main" })));
  propose(1, edit("README.md", "#", "##"));
  propose(2, edit(FILE, "site: osl-1", "site: atlantis-1"));
  propose(3, () => git("rm", "--quiet", FILE));
  propose(4, () => {
    edit(FILE, "site: osl-1", "site: atlantis-1")();
    writeFileSync(join(here, "grunnmur"), "#!/bin/sh\nexit 99\n");
  });
  const { api, repository, token } = host.access;
  const review = (...args: string[]) => {
    const where = ["--git-host", "gitlab", "--api", api, "--repository", repository];
    return run(process.execPath, ["dist/cli/main.js", "review", "--stack", "prod", ...where, ...args], {
      cwd: here,
      env: { ...process.env, GRUNNMUR_REVIEW_TOKEN: token, GRUNNMUR_HOME: join(folder, "home") },
      output: "capture",
    });
  };
  const came = async () => {
    const { code, stdout, stderr } = await review("--json");
    assert.equal(code, 0, stderr);
    return printed("review", stdout).map(({ number, verdict, comment }) => [number, verdict ?? "-", comment]);
  };

  assert.deepEqual(await came(), [
    [1, "-", "none"],
    [2, "refused", "added"],
    [3, "refused", "added"],
    [4, "refused", "added"],
  ]);
  const bodyOf = (number: number) => host.said.filter((one) => one.number === number).map(({ body }) => body);
  assert.match(bodyOf(2).join(), /atlantis-1/);
  assert.match(bodyOf(3).join(), /takes Pulumi\.prod\.yaml away: destroy the environment first/);
  assert.equal(git("status", "--porcelain"), "", "the checkout has changed");

  // What nothing has changed of is not said again; what has is said in the place of the former.
  propose(3, edit(FILE, "site: osl-1", "site: narnia-1"));
  assert.deepEqual(await came(), [
    [1, "-", "none"],
    [2, "-", "as it was"],
    [3, "refused", "replaced"],
    [4, "-", "as it was"],
  ]);
  assert.equal(bodyOf(3).length, 1);
  assert.match(bodyOf(3).join(), /narnia-1/);

  // Where a pipeline asks for one, its end is the verdict.
  const only = await review("--only", "2");
  assert.equal(only.code, 1);
  assert.match(only.stderr, /proposal 2 is refused; its comment says why/);
  assert.match(only.stdout, /proposal +verdict +comment\n +2 +refused +replaced/);

  // One that cannot be had keeps no other from its review.
  host.proposals.push({ number: 9, branch: "main" });
  propose(2, edit(FILE, "site: osl-1", "site: utopia-1"));
  const without = await review();
  assert.equal(without.code, 1);
  assert.match(without.stderr, /1 of 5 proposals have no review:\nproposal 9: git fetch failed/);
  assert.match(bodyOf(2).join(), /utopia-1/);
  for (const text of [only.stdout, only.stderr, without.stdout, without.stderr, ...host.said.map(({ body }) => body)])
    assert.ok(!text.includes(token), "the token was said");
});

test("without a pipeline, what is missing is named at once", async () => {
  const env = { PATH: process.env.PATH, HOME: folder, GRUNNMUR_HOME: join(folder, "home") };
  const args = ["dist/cli/main.js", "review", "--stack", "prod", "--git-host", "gitea"];
  const { code, stderr } = await run(process.execPath, args, { cwd: here, env, output: "capture" });
  assert.equal(code, 1);
  assert.match(stderr, /give --api, .*; --repository, .*; the environment variable GRUNNMUR_REVIEW_TOKEN/);
});
