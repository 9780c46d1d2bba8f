import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { certificateAuthority, issue } from "../keys/certificates";
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
    NOTICE: join(folder, "notice"),
  };
  const run = async (name: string, files: File[], more: Record<string, string> = {}) => {
    const text = script(`git-server/scripts/${name}.sh`);
    const result = spawnSync("bash", ["-c", text], {
      env: { ...env, ...more },
      encoding: "utf8",
      input: await payload(files),
    });
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
    notify: (port: number, client = { certificate: "none\n", privateKey: "none\n" }, caPem = "none\n") =>
      run(
        "push-notice",
        [
          { path: "ca.pem", content: caPem },
          { path: "client.pem", content: client.certificate },
          { path: "client.key", content: client.privateKey, mode: 0o600 },
          { path: "servers", content: "127.0.0.2\n127.0.0.1\n" },
          { path: "seconds", content: "60\n" },
        ],
        { NOTICE_PORT: String(port) },
      ),
    stopNotice: () => run("stop-notice", []),
    /** Pushes a new commit, as a person does. @returns what Git wrote */
    push: async (branch: string, ...options: string[]) => {
      const clone = mkdtempSync(join(folder, "clone-"));
      const of = (...args: string[]) => execFileSync("git", ["-C", clone, ...args], { stdio: "pipe" });
      of("clone", "-q", join(home, "config.git"), ".");
      of("-c", "user.name=t", "-c", "user.email=t@localhost", "commit", "-q", "--allow-empty", "-m", "more");
      const child = spawn("git", ["-C", clone, "push", ...options, "origin", `HEAD:refs/heads/${branch}`]);
      let said = "";
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        said += text;
      });
      const [status] = await once(child, "close");
      assert.equal(status, 0, said);
      return said;
    },
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

test("a pipeline's push that asks for a merge request is taken", { skip: missing }, async (t) => {
  const { serve, seed, push, git } = server(t);
  await serve("main");
  await seed();
  await push("proposal", "--push-option=merge_request.create");
  assert.equal(git("log", "-1", "--format=%s", "proposal"), "more");
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

test("a machine made anew serves the repositories that stayed on a data disk, under the numbers of its own users", {
  skip: missing,
}, async (t) => {
  const { serve, seed, notify, push, git, home, folder } = server(t);
  await serve("main");
  await seed();
  await notify(9);
  await push("main");
  const commit = git("rev-parse", "main");
  // What was on the system disk is gone, and another account has the number that the old machine's had.
  for (const gone of [join(home, ".ssh"), join(folder, "lib"), join(folder, "notice")])
    rmSync(gone, { recursive: true });
  execFileSync("chown", ["-R", "54321:54321", join(home, "config.git")]);
  await serve("main", "ssh-ed25519 AAAAother");
  assert.match(await seed("another scaffold\n"), /left as it is/);
  assert.equal(git("rev-parse", "main"), commit);
  assert.equal(execFileSync("find", [home, "-uid", "54321"], { encoding: "utf8" }), "");
  assert.match(readFileSync(join(home, ".ssh/authorized_keys"), "utf8"), /AAAAreader\n.*AAAAother/);
  assert.doesNotMatch(await push("main"), /grunnmur/);
  await notify(9);
  assert.match(await push("main"), /remote: grunnmur: the cluster's agent could not be told/);
  assert.equal(git("rev-parse", "main~2"), commit);
});

const SEED = Buffer.alloc(32, 7).toString("base64");
const NOW = "2026-01-01T00:00:00Z";

/** An API server that takes one authority's clients, and keeps what it is asked. */
async function apiServer(t: TestContext) {
  const ca = certificateAuthority(SEED, "kubernetes", NOW);
  const own = issue(SEED, ca, NOW, {
    commonName: "api",
    usage: "server",
    ipAddresses: ["127.0.0.1"],
    validDays: 3650,
  });
  const client = issue(SEED, ca, NOW, { commonName: "grunnmur:git-server", usage: "client", validDays: 3650 });
  const asked: { method?: string; url?: string; type?: string; body: string }[] = [];
  const tls = { key: own.privateKey, cert: own.certificate, ca: ca.certificate, requestCert: true };
  const listening = createServer({ ...tls, rejectUnauthorized: true }, (request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => {
      body += text;
    });
    request.on("end", () => {
      asked.push({ method: request.method, url: request.url, type: request.headers["content-type"], body });
      response.writeHead(200).end("{}");
    });
  });
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  t.after(() => listening.close());
  return { port: (listening.address() as AddressInfo).port, client, caPem: ca.certificate, asked };
}

test("a push to the branch that is followed is told to the agent, by the first API server that answers", {
  skip: missing,
}, async (t) => {
  const { serve, seed, notify, push, git, folder } = server(t);
  const { port, client, caPem, asked } = await apiServer(t);
  await serve("main");
  await seed();
  await notify(port, client, caPem);
  assert.match(await push("main"), /remote: grunnmur: the cluster's agent knows of [0-9a-f]{12} and fetches it now/);
  const [{ method, url, type, body } = { body: "{}" }] = asked;
  assert.equal(method, "PATCH");
  assert.match(url ?? "", /\/namespaces\/flux-system\/gitrepositories\/flux-system\?fieldManager=git-server$/);
  assert.equal(type, "application/merge-patch+json");
  const { metadata, ...others } = JSON.parse(body);
  assert.deepEqual([Object.keys(others), Object.keys(metadata.annotations)], [[], ["reconcile.fluxcd.io/requestedAt"]]);
  assert.ok(body.includes(git("rev-parse", "main")));
  // Another branch is none of the agent's business; the key is not for everybody's eyes.
  assert.doesNotMatch(await push("other"), /grunnmur/);
  assert.equal(asked.length, 1);
  assert.equal(statSync(join(folder, "notice/client.key")).mode & 0o007, 0);
  // The same again, as \`up\` does for a changed setting, and a stop that leaves pushing as it was.
  await notify(port, client, caPem);
  assert.match(await push("main"), /fetches it now/);
});

test("a push holds where the agent cannot be told, and its person learns why, and when it is seen", {
  skip: missing,
}, async (t) => {
  const { serve, seed, notify, push, stopNotice, git, folder } = server(t);
  await serve("main");
  await seed();
  const before = git("rev-parse", "main");
  await notify(9, { certificate: "none\n", privateKey: "secret-key\n" });
  const said = await push("main");
  assert.match(
    said,
    /remote: grunnmur: the cluster's agent could not be told of [0-9a-f]{12} \(curl: .*\); it looks by/,
  );
  assert.match(said, /every 60 s/);
  assert.doesNotMatch(said, /secret-key/);
  assert.notEqual(git("rev-parse", "main"), before);
  await stopNotice();
  assert.doesNotMatch(await push("main"), /grunnmur/);
  assert.equal(existsSync(join(folder, "notice")), false);
  await stopNotice();
});
