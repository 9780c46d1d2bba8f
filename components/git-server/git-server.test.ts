import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type File, payload } from "../payload";
import { script } from "../script";

const missing = userInfo().uid !== 0 && "only root may hand files to another account";

/** A machine's Git server below a folder; the account that serves is the one that runs the tests. */
function server(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "git-server-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const home = join(folder, "git");
  const bin = join(folder, "bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "usermod"), `#!/bin/sh\necho "$@" >>${folder}/usermod\n`);
  chmodSync(join(bin, "usermod"), 0o755);
  const env = {
    ...process.env,
    PATH: `${bin}:${process.env.PATH}`,
    GIT_HOME: home,
    GIT_USER: userInfo().username,
    LIBRARY: join(folder, "lib"),
  };
  const run = async (name: string, files: File[]) => {
    const text = script(`git-server/scripts/${name}.sh`);
    const result = spawnSync("bash", ["-c", text], { env, encoding: "utf8", input: await payload(files) });
    assert.equal(result.status, 0, result.stderr);
    return result.stdout;
  };
  return {
    home,
    folder,
    serve: (branch: string, writer = "ssh-ed25519 AAAAwriter") =>
      run("git-server", [
        { path: "reader.pub", content: "ssh-ed25519 AAAAreader" },
        { path: "writer.pub", content: writer },
        { path: "repositories", content: `config ${branch}\n` },
      ]),
    seed: (content = "one\n") =>
      run("first-commit", [
        { path: "repository", content: "config" },
        { path: "seed/file", content },
      ]),
    stop: () => run("stop-serving", []),
    git: (...args: string[]) =>
      execFileSync(
        "git",
        ["-C", join(home, "config.git"), "-c", "user.name=t", "-c", "user.email=t@localhost", ...args],
        { encoding: "utf8" },
      ).trim(),
  };
}

test("the first commit lies on the branch that the stack names, and is given once", { skip: missing }, async (t) => {
  const { serve, seed, git } = server(t);
  await serve("live");
  assert.match(await seed(), /first commit, on live/);
  assert.equal(git("show", "live:file"), "one");
  assert.equal(git("symbolic-ref", "HEAD"), "refs/heads/live");
  const commit = git("rev-parse", "live");
  await serve("live");
  assert.match(await seed("two\n"), /left as it is/);
  assert.equal(git("rev-parse", "live"), commit);
});

test("a run that was interrupted before the branch was set is continued", { skip: missing }, async (t) => {
  const { serve, seed, git } = server(t);
  await serve("main");
  await seed();
  git("update-ref", "-d", "refs/heads/main");
  await serve("main");
  assert.match(await seed(), /has its first commit/);
  assert.equal(git("show", "main:file"), "one");
});

test("another branch starts where the old one stands, and what it has already stays", { skip: missing }, async (t) => {
  const { serve, seed, git } = server(t);
  await serve("main");
  await seed();
  assert.match(await serve("live"), /now live, made where main stands/);
  assert.equal(git("rev-parse", "live"), git("rev-parse", "main"));
  git("update-ref", "refs/heads/live", git("commit-tree", "-m", "more", "main^{tree}"));
  const ahead = git("rev-parse", "live");
  await serve("main");
  assert.match(await serve("live"), /which it has already/);
  assert.equal(git("rev-parse", "live"), ahead);
});

test("another key takes the place of the old one; at the end no key is left, and all data is", {
  skip: missing,
}, async (t) => {
  const { serve, seed, stop, home, folder, git } = server(t);
  const keys = join(home, ".ssh/authorized_keys");
  await serve("main");
  await seed();
  await serve("main", "ssh-ed25519 AAAAother");
  assert.match(readFileSync(keys, "utf8"), /AAAAother/);
  assert.doesNotMatch(readFileSync(keys, "utf8"), /AAAAwriter/);
  assert.match(await stop(), /config\.git stays on this machine/);
  assert.equal(existsSync(keys), false);
  assert.match(readFileSync(join(folder, "usermod"), "utf8"), /nologin/);
  assert.equal(git("show", "main:file"), "one");
  await stop();
});
