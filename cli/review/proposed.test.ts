import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { proposed, underOwnHead } from "./proposed";

const FILE = "Pulumi.prod.yaml";
const STACK = "config:\n  grunnmur:environment: production\n  a: 1\n  b: 2\n  c: 3\n  d: 4\n  e: 5\n";

/** A checkout of main, and the repository that has its proposals. */
function checkout(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "proposed-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const [bare, work, here] = ["bare.git", "work", "here"].map((name) => join(folder, name)) as [string, string, string];
  const git = (cwd: string, ...args: string[]) =>
    execFileSync("git", ["-C", cwd, "-c", "user.name=t", "-c", "user.email=t@localhost", ...args], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  execFileSync("git", ["init", "--quiet", "--bare", "--initial-branch=main", bare]);
  execFileSync("git", ["clone", "--quiet", bare, work], { stdio: "ignore" });
  const commit = (files: Record<string, string | undefined>): string => {
    for (const [name, text] of Object.entries(files)) {
      if (text === undefined) git(work, "rm", "--quiet", name);
      else writeFileSync(join(work, name), text);
    }
    git(work, "add", "--all");
    git(work, "commit", "--quiet", "--message", "x");
    return git(work, "rev-parse", "HEAD");
  };
  git(work, "checkout", "--quiet", "-B", "main");
  commit({ [FILE]: STACK, "program.ts": "1" });
  git(work, "push", "--quiet", "origin", "main");
  const propose = (number: number, files: Record<string, string | undefined>): string => {
    git(work, "checkout", "--quiet", "-B", `p${number}`, "main");
    const head = commit(files);
    git(work, "push", "--quiet", "origin", `HEAD:refs/pull/${number}/head`);
    git(work, "checkout", "--quiet", "main");
    return head;
  };
  const onMain = (files: Record<string, string>): void => {
    commit(files);
    git(work, "push", "--quiet", "origin", "main");
  };
  const clone = (): string => {
    execFileSync("git", ["clone", "--quiet", bare, here], { stdio: "ignore" });
    return here;
  };
  return { propose, onMain, clone, git };
}

test("a proposal is what its merge would make, and not what its branch was begun from", async (t) => {
  const { propose, onMain, clone, git } = checkout(t);
  const head = propose(3, { [FILE]: STACK.replace("a: 1", "a: 9"), "program.ts": "evil" });
  onMain({ [FILE]: STACK.replace("e: 5", "e: 8") });
  const here = clone();
  const found = await proposed({ number: 3, ref: "refs/pull/3/head" }, FILE, "origin", here);
  assert.deepEqual([found.head, found.conflict, found.files], [head, false, [FILE, "program.ts"]]);
  assert.equal(found.text, STACK.replace("a: 1", "a: 9").replace("e: 5", "e: 8"));
  assert.equal(readFileSync(join(here, "program.ts"), "utf8"), "1", "a file of the proposal was checked out");
  assert.equal(git(here, "status", "--porcelain"), "");
});

test("a conflict, a stack file that goes, and a proposal that is not there are told apart", async (t) => {
  const { propose, onMain, clone } = checkout(t);
  propose(4, { [FILE]: STACK.replace("a: 1", "a: 9") });
  onMain({ [FILE]: STACK.replace("a: 1", "a: 7") });
  propose(5, { [FILE]: undefined });
  const here = clone();
  const of = (number: number) => proposed({ number, ref: `refs/pull/${number}/head` }, FILE, "origin", here);
  const [conflicting, without] = [await of(4), await of(5)];
  assert.deepEqual([conflicting.conflict, conflicting.text], [true, undefined]);
  assert.deepEqual([without.conflict, without.text], [false, undefined]);
  await assert.rejects(of(6), /proposal 6: git fetch failed: .*refs\/pull\/6\/head/s);
});

test("where secrets are kept and what opens them is not the proposal's to say", () => {
  const own = `secretsprovider: hashivault://key\nencryptionsalt: v1:own\n${STACK}`;
  const theirs = `secretsprovider: awskms://theirs\nenvironment: [evil]\n${STACK.replace("a: 1", "a: 9")}`;
  const { text, changed } = underOwnHead(own, theirs);
  assert.deepEqual(changed, ["environment", "secretsprovider", "encryptionsalt"]);
  assert.match(text, /secretsprovider: hashivault:\/\/key/);
  assert.match(text, /encryptionsalt: v1:own/);
  assert.doesNotMatch(text, /environment: \[|theirs/);
  assert.match(text, /a: 9/);
  assert.deepEqual(underOwnHead(own, own).changed, []);
});
