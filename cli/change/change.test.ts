import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { ensure } from "../../artifacts/store";
import { renderConfigRepo } from "../../gitops/render";
import type { Stack } from "../../stacks/stack";
import { readStack } from "../pulumi/stack-file";
import type { Finding } from "./cause";
import { changeOf, type Seen } from "./change";
import { repositoryAt } from "./repository";
import { lineOf, summary } from "./words";

const parent = mkdtempSync(join(tmpdir(), "grunnmur-change-"));
after(() => rmSync(parent, { recursive: true }));

const ROOT = "clusters/prod/production/payment-service";
const prod = readStack("prod");

function git(directory: string, ...args: string[]): string {
  const author = ["-c", "user.name=Kari \u001b[2JNordmann", "-c", "user.email=kari@example.no"];
  return execFileSync("git", ["-C", directory, ...author, ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  }).trim();
}

let count = 0;
/** A configuration repository of prod with one commit. */
function repository(): {
  directory: string;
  stack: Stack;
  commit(subject: string, files: Record<string, string>): string;
} {
  count += 1;
  const directory = join(parent, `config-${count}`);
  mkdirSync(directory);
  git(directory, "init", "-q", "-b", "main");
  const stack: Stack = {
    ...prod,
    sync: { ...prod.sync, repository: directory, branch: "main", path: "./clusters/prod" },
  };
  const commit = (subject: string, files: Record<string, string>): string => {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(directory, path)), { recursive: true });
      writeFileSync(join(directory, path), content);
    }
    git(directory, "add", "-A");
    git(directory, "commit", "-q", "-m", subject);
    return git(directory, "rev-parse", "HEAD");
  };
  const values = { cluster: "prod", registry: prod.registry.host, tag: "0".repeat(40), region: "NO", profile: "EEA" };
  commit("Begin", Object.fromEntries(renderConfigRepo(values).map(({ path, content }) => [path, content])));
  return { directory, stack, commit };
}

const seen = (sha: string, applied: string, findings: Finding[] = [], unsettled = 0): Promise<Seen> =>
  Promise.resolve({ fetched: `main@sha1:${sha}`, applied: `main@sha1:${applied}`, findings, unsettled });

const refused = (more: Partial<Finding>): Finding => ({
  stage: "refused",
  object: { kind: "Deployment", namespace: "production", name: "payment-service" },
  ...{ detail: "no", remedy: "mend it" },
  ...more,
});

const unbuilt = (sha: string, detail: string): Finding => ({
  ...{ stage: "not built", object: null, detail, remedy: "mend the file", revision: `main@sha1:${sha}` },
});

const changed = (directory: string, from: RegExp, to: string): Record<string, string> => {
  const path = `${ROOT}/deployment.yaml`;
  const text = readFileSync(join(directory, path), "utf8");
  assert.match(text, from);
  return { [path]: text.replace(from, to) };
};
const lineWith = (directory: string, path: string, what: string): number =>
  readFileSync(join(directory, path), "utf8")
    .split("\n")
    .findIndex((line) => line.includes(what)) + 1;

test("what is applied, and all of it ready, is live; what is not fetched, applied or ready is under way", async () => {
  const { directory, stack, commit } = repository();
  const first = git(directory, "rev-parse", "HEAD");
  const live = await changeOf(stack, {}, seen(first, first), 60);
  assert.deepEqual([live.state, live.head, live.unread], ["live", first, null]);
  assert.equal(summary(live), `${first.slice(0, 8)} is live`);
  assert.match(
    summary(await changeOf(stack, {}, seen(first, first, [], 1), 60)),
    /is applied, and not all of its pods are ready yet/,
  );
  const second = commit("Five replicas", changed(directory, /replicas: 3/, "replicas: 5"));
  const under = await changeOf(stack, {}, seen(first, first), 60);
  assert.equal(under.state, "under way");
  assert.match(
    summary(under),
    /^[0-9a-f]{8} "Five replicas" by Kari \ufffd\[2JNordmann is in Git, and not fetched yet/,
  );
  assert.match(summary(await changeOf(stack, {}, seen(second, first), 60)), /is fetched, and not applied yet/);
});

test("a cause is told with file, line and the commit that last changed the file, not the one that came after it", async () => {
  await ensure(["manifest-reader"]);
  const { directory, stack, commit } = repository();
  const first = git(directory, "rev-parse", "HEAD");
  const guilty = commit("Take the newest", changed(directory, /image: .*/, "image: docker.io/library/nginx:latest"));
  const later = commit("Say hello", { "README.md": "hello\n" });
  const at = "spec.template.spec.containers[0].image";
  const { state, causes } = await changeOf(
    stack,
    {},
    seen(later, first, [refused({ at, revision: `main@sha1:${later}` })]),
    60,
  );
  const [cause] = causes;
  const path = `${ROOT}/deployment.yaml`;
  assert.deepEqual([state, cause?.file, cause?.line], ["stopped", path, lineWith(directory, path, "image:")]);
  assert.deepEqual([cause?.commit?.sha, cause?.commit?.subject], [guilty, "Take the newest"]);
  assert.ok(cause);
  assert.match(
    lineOf(cause),
    /^refused: Deployment production\/payment-service, clusters\/.*deployment\.yaml:\d+, commit [0-9a-f]{8} "Take the newest" by Kari/,
  );
});

test("a rule that refuses is found where a review finds it", async () => {
  const { directory, stack, commit } = repository();
  const first = git(directory, "rev-parse", "HEAD");
  const second = commit("No limits", changed(directory, / +limits:\n( {14}.*\n)+/, ""));
  const { causes } = await changeOf(
    stack,
    {},
    seen(second, first, [refused({ rule: "memory-limit", revision: `main@sha1:${second}` })]),
    60,
  );
  assert.equal(causes[0]?.file, `${ROOT}/deployment.yaml`);
  assert.ok((causes[0]?.line ?? 0) > 10, `line ${causes[0]?.line}`);
});

test("what stood in the way of a commit that is taken back already is told as that commit's, and as under way", async () => {
  const { directory, stack, commit } = repository();
  const guilty = commit("Take the newest", changed(directory, /image: .*/, "image: docker.io/library/nginx:latest"));
  git(directory, "revert", "--no-edit", "HEAD");
  const head = git(directory, "rev-parse", "HEAD");
  const finding: Finding = { ...refused({ at: "spec.template.spec.containers[0].image" }), stage: "not pulled" };
  const change = await changeOf(stack, {}, seen(guilty, guilty, [finding]), 60);
  assert.deepEqual([change.state, change.head, change.causes[0]?.commit?.sha], ["under way", head, guilty]);
  assert.equal(change.causes[0]?.line, null);
});

test("what cannot be built is told by the reader, with the line", async () => {
  const { directory, stack, commit } = repository();
  const first = git(directory, "rev-parse", "HEAD");
  const second = commit("Break", {
    [`${ROOT}/service.yaml`]: "apiVersion: v1\nkind: Service\nmetadata: {name: x\nspec: {}\n",
  });
  const finding = unbuilt(second, "yaml: line 3");
  const { causes } = await changeOf(stack, {}, seen(second, first, [finding]), 60);
  const [cause] = causes;
  assert.equal(cause?.file, `${ROOT}/service.yaml`);
  assert.ok((cause?.line ?? 0) >= 3, `line ${cause?.line}`);
  assert.equal(cause?.commit?.subject, "Break");
  assert.notEqual(cause?.detail, finding.detail);
});

test("what a kustomization lists and is not there is told by that kustomization's line", async () => {
  const { directory, stack, commit } = repository();
  const first = git(directory, "rev-parse", "HEAD");
  const path = `${ROOT}/kustomization.yaml`;
  const listed = readFileSync(join(directory, path), "utf8").replace("- service.yaml", "- servise.yaml");
  const second = commit("Mistype", { [path]: listed });
  const finding = unbuilt(second, "of the agent");
  const { causes } = await changeOf(stack, {}, seen(second, first, [finding]), 60);
  assert.deepEqual([causes[0]?.file, causes[0]?.line], [path, lineWith(directory, path, "servise")]);
  assert.match(causes[0]?.detail ?? "", /servise\.yaml/);
});

test("an object that Git does not have is told by the file that it names itself", async () => {
  const { directory, stack } = repository();
  const first = git(directory, "rev-parse", "HEAD");
  const finding = refused({
    object: { kind: "Deployment", namespace: "production", name: "gone" },
    origin: "production/gone.yaml",
  });
  const { causes } = await changeOf(stack, {}, seen(first, first, [finding]), 60);
  assert.deepEqual(
    [causes[0]?.file, causes[0]?.line, causes[0]?.commit?.sha],
    ["clusters/prod/production/gone.yaml", null, first],
  );
});

test("Git that cannot be read hides nothing that the cluster tells", async () => {
  const { stack } = repository();
  const absent: Stack = { ...stack, sync: { ...stack.sync, repository: join(parent, "absent") } };
  const sha = "a".repeat(40);
  const change = await changeOf(absent, {}, seen(sha, sha, [refused({})]), 60);
  assert.deepEqual([change.state, change.head, change.causes[0]?.detail], ["stopped", null, "no"]);
  assert.match(change.unread ?? "", /absent|does not exist|not appear|could not read/i);
  assert.equal((await changeOf(absent, {}, seen(sha, sha), 60)).state, "unknown");
  assert.equal((await changeOf(stack, {}, Promise.resolve(undefined), 60)).state, "unknown");
});

test("nothing that a repository holds is run or followed where it is laid out", async () => {
  const { directory } = repository();
  const marker = join(parent, "run");
  writeFileSync(join(directory, ".gitattributes"), "* filter=evil\n");
  symlinkSync("/etc/passwd", join(directory, "link"));
  git(directory, "add", "-A");
  git(directory, "commit", "-q", "-m", "Evil");
  const hooks = join(parent, "template", "hooks");
  mkdirSync(hooks, { recursive: true });
  writeFileSync(join(hooks, "post-checkout"), `#!/bin/sh\ntouch ${marker}\n`, { mode: 0o755 });
  const env = { ...process.env, GIT_TEMPLATE_DIR: join(parent, "template") };
  const at = join(parent, "laid-out");
  const found = repositoryAt({ address: directory, branch: "main", env, directory: at, limitSeconds: 60 });
  await found.files();
  assert.throws(() => readFileSync(marker), /ENOENT/);
  assert.equal(readFileSync(join(at, "link"), "utf8"), "/etc/passwd");
  assert.equal(await found.commit("--output=x"), undefined);
});
