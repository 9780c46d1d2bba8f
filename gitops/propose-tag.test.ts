import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { startRegistry } from "../cli/status/support/registry";
import { repositoryPath } from "../lib/places";
import { renderAppRepo } from "./app-repo";
import type { PipelineKind } from "./infra-repo";
import { renderConfigRepo } from "./render";

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
  writeFileSync(join(folder, "gh"), GH);
  for (const program of [grunnmur, join(folder, "gh")]) chmodSync(program, 0o755);
});
/** As GitHub's gh answers for an open pull request of a branch: none until one is created. */
const GH = `#!/bin/sh
set -eu
cd "$(dirname "$0")"
[ "$GH_TOKEN" = "the token" ]
echo "$*" >>gh-said
case "$1 $2" in
  "pr list") grep -c "^pr create --head $4 " gh-said || true ;;
  "pr create") echo https://github.example/pull/1 ;;
esac
`;

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

interface Done {
  status: number;
  stdout: string;
  stderr: string;
}

/** Runs the script as the application's repository on such a Git host has it. */
function propose(repository: string, sha: string, gitHost: PipelineKind = "gitlab"): Promise<Done> {
  const application = mkdtempSync(join(folder, "application-"));
  const values = { name: "payment-service", language: "go", registry: registry.host, prefix: "", gitHost } as const;
  for (const { path, content } of renderAppRepo(values).filter(({ path }) => path.startsWith("ci/"))) {
    mkdirSync(dirname(join(application, path)), { recursive: true });
    writeFileSync(join(application, path), content, { mode: 0o755 });
  }
  const env = {
    ...process.env,
    PATH: `${folder}:${process.env.PATH}`,
    CI_COMMIT_SHA: sha,
    CONFIG_REPOSITORY: `file://${repository}`,
    CONFIG_REPOSITORY_TOKEN: "the token",
    GRUNNMUR: grunnmur,
    REGISTRY_HOST: registry.host,
    REGISTRY_USER: "ci",
    REGISTRY_PASSWORD: "right",
    REGISTRY_CA_FILE: join(folder, "ca.pem"),
  };
  return new Promise((resolve) => {
    execFile(join(application, "ci/propose-tag.sh"), { env }, (error, stdout, stderr) =>
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

test("a job that runs again proposes the same once more, also where it ended before it had asked for a merge", async () => {
  const repository = configRepository("again");
  for (const gitHost of ["gitlab", "gitlab", "github", "github"] as const) {
    const { status, stderr } = await propose(repository, NEW, gitHost);
    assert.equal(status, 0, stderr);
  }
  assert.equal(git(repository, "rev-list", "--count", `main..payment-service-${NEW}`).trim(), "1");
});

test("GitHub is asked for one pull request, with the token on no command line", async () => {
  const repository = configRepository("github");
  const said = join(folder, "gh-said");
  rmSync(said, { force: true });
  for (const _run of [1, 2]) assert.equal((await propose(repository, NEW, "github")).status, 0);
  const typed = readFileSync(said, "utf8").trim().split("\n");
  assert.deepEqual(
    typed.map((line) => line.split(" ").slice(0, 4).join(" ")),
    ["pr list --head payment-service", "pr create --head payment-service", "pr list --head payment-service"].map(
      (line) => `${line}-${NEW}`,
    ),
  );
  assert.match(typed[1] ?? "", new RegExp(`--title Set payment-service to ${NEW} --body `));
});
