import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { startRegistry } from "../cli/status/support/registry";
import { repositoryPath } from "../lib/places";
import { renderConfigRepo } from "./render";

const SCRIPT = join(__dirname, "app-repo", "ci", "propose-tag.sh");
const [OLD, NEW] = ["a".repeat(40), "b".repeat(40)];
const IDENTITY = ["-c", "user.name=test", "-c", "user.email=test@localhost"];

const folder = mkdtempSync(join(tmpdir(), "propose-tag-"));
const grunnmur = join(folder, "grunnmur");
let registry: Awaited<ReturnType<typeof startRegistry>>;

before(async () => {
  registry = await startRegistry({ "payment-service": [OLD, NEW] });
  writeFileSync(join(folder, "ca.pem"), registry.caPem);
  // What the launcher does, without compiling.
  const [root, main] = [repositoryPath(), repositoryPath("cli", "main.ts")];
  writeFileSync(grunnmur, `#!/bin/sh\ncd "${root}" && exec "${process.execPath}" --import tsx "${main}" "$@"\n`);
  chmodSync(grunnmur, 0o755);
});
after(() => {
  registry.stop();
  rmSync(folder, { recursive: true });
});

function git(inside: string, ...args: string[]): string {
  return execFileSync("git", ["-C", inside, ...IDENTITY, ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
}

/** A bare repository that holds a configuration with payment-service at OLD. */
function configRepository(name: string): string {
  const [work, bare] = [join(folder, `${name}-work`), join(folder, `${name}.git`)];
  execFileSync("git", ["init", "--quiet", "--initial-branch=main", work]);
  const values = { cluster: "local", registry: "registry.example.no", tag: OLD, region: "NO", profile: "NO" };
  for (const { path, content } of renderConfigRepo(values)) {
    mkdirSync(dirname(join(work, path)), { recursive: true });
    writeFileSync(join(work, path), content.replaceAll("registry.example.no", registry.host));
  }
  git(work, "add", "--all");
  git(work, "commit", "--quiet", "--message", "Start");
  execFileSync("git", ["clone", "--quiet", "--bare", work, bare]);
  git(bare, "config", "receive.advertisePushOptions", "true");
  return bare;
}

function propose(repository: string, sha: string): Promise<{ status: number; stdout: string; stderr: string }> {
  const env = {
    ...process.env,
    CI_COMMIT_SHA: sha,
    CONFIG_REPOSITORY: `file://${repository}`,
    CONFIG_REPOSITORY_TOKEN: "unused",
    GRUNNMUR: grunnmur,
    REGISTRY_HOST: registry.host,
    REGISTRY_USER: "ci",
    REGISTRY_PASSWORD: "right",
    REGISTRY_CA_FILE: join(folder, "ca.pem"),
  };
  return new Promise((resolve) => {
    execFile("sh", [SCRIPT], { env }, (error, stdout, stderr) =>
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

test("CI proposes a new tag on a branch of its own: one line changes, main stays", async () => {
  const repository = configRepository("new");
  const main = git(repository, "rev-parse", "main");
  const { status, stdout, stderr } = await propose(repository, NEW);
  assert.equal(status, 0, stderr);
  assert.match(stdout, new RegExp(`\nproposed: Set payment-service to ${NEW}\n$`));
  assert.equal(git(repository, "rev-parse", "main"), main);
  const changes = git(repository, "diff", "--unified=0", "main", `payment-service-${NEW}`).split("\n");
  assert.deepEqual(
    changes.filter((line) => /^[+-] /.test(line)),
    [
      `-          image: ${registry.host}/payment-service:${OLD}`,
      `+          image: ${registry.host}/payment-service:${NEW}`,
    ],
  );
});

test("nothing is proposed where the tag is there already, or is not in the registry", async () => {
  const repository = configRepository("old");
  assert.match((await propose(repository, OLD)).stdout, /at a{40} already/);
  const { status, stderr } = await propose(repository, "c".repeat(40));
  assert.equal(status, 1);
  assert.match(stderr, /does not have payment-service:c{40}; it has, among others, a{40}, b{40}\. Push it first/);
  assert.equal(git(repository, "branch", "--list").trim(), "* main");
});
