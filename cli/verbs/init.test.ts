import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { renderConfigRepo } from "../../gitops/render";
import { program } from "../program";
import { streamsOf } from "../terminal/support/streams";
import { UserError } from "../terminal/user-error";
import { printed } from "./support/printed";

const folder = mkdtempSync(join(tmpdir(), "init-"));
const home = process.env.GRUNNMUR_HOME;
let count = 0;
let directory: string;

before(() => {
  // Where no environment is up.
  process.env.GRUNNMUR_HOME = join(folder, "home");
});
after(() => {
  if (home === undefined) delete process.env.GRUNNMUR_HOME;
  else process.env.GRUNNMUR_HOME = home;
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  directory = join(folder, String(++count));
});

const init = (what: string, ...args: string[]) =>
  streamsOf(() => program().parseAsync(["init", what, directory, ...args], { from: "user" }));
const refused = (wanted: RegExp, what: string, ...args: string[]) =>
  assert.rejects(
    init(what, ...args),
    (error) => (error instanceof UserError && wanted.test(error.message)) || assert.fail(String(error)),
  );
const get = (path: string): string => readFileSync(join(directory, path), "utf8");
const files = (): string[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .sort();
const SERVICE = ["--name", "shop", "--tag", "v1"];

test("two environments in one repository, with a service in both, and a second time there is nothing to do", async () => {
  const runs = ["local", "prod"].flatMap((stack) => [
    () => init("config-repo", "--stack", stack),
    () => init("service", "--stack", stack, ...SERVICE),
  ]);
  for (const run of runs) await run();
  const texts = new Map(files().map((path) => [path, get(path)]));
  assert.deepEqual(
    [...texts.keys()].filter((path) => path.startsWith("clusters/")),
    ["local", "prod"].flatMap((name) =>
      ["kustomization.yaml", "production/kustomization.yaml", "production/shop/kustomization.yaml"].map(
        (path) => `clusters/${name}/${path}`,
      ),
    ),
  );
  assert.match(
    get("clusters/prod/production/shop/kustomization.yaml"),
    /newName: registry\.example\.no\/shop\n {4}newTag: "v1"\n/,
  );
  assert.equal(get(".gitlab-ci.yml").match(/- CLUSTER: /g)?.length, 2);
  for (const run of runs) assert.match((await run()).said, /^Nothing to do: all \d+ files are there already\./);
  assert.deepEqual(new Map(files().map((path) => [path, get(path)])), texts);
});

test("what is written is printed, with what is missing and what comes next", async () => {
  const { out, said } = await init("config-repo", "--json");
  const { written, ...others } = printed("init", out);
  assert.deepEqual(written.sort(), files());
  assert.deepEqual(others, { changed: [], unchanged: [], toDo: [] });
  assert.ok(!written.includes(".sops.yaml"));
  assert.match(said, /There is no recipient for local in \.sops\.yaml: it is not up here/);
  const again = await init("config-repo", "--recipient", "age1abc");
  assert.match(again.said, /production\/kustomization\.yaml is there, so the folder of local stays as it is/);
  assert.match(get(".sops.yaml"), /age: age1abc/);
  await refused(/--recipient received "abc"/, "config-repo", "--recipient", "abc");
});

test("a configuration repository gets the pipeline of its Git host", async () => {
  await init("config-repo", "--git-host", "gitea");
  assert.match(get(".gitea/workflows/check.yml"), /- CLUSTER: "clusters\/local"\n/);
  assert.ok(!files().includes(".gitlab-ci.yml"));
  await init("config-repo", "--git-host", "gitea", "--stack", "prod");
  assert.equal(get(".gitea/workflows/check.yml").match(/- CLUSTER: /g)?.length, 2);
});

test("a service joins what the platform's first commit wrote, where nothing is shared", async () => {
  const values = { cluster: "local", registry: "registry.local.grunnmur.internal", region: "NO", profile: "NO" };
  for (const { path, content } of renderConfigRepo({ ...values, tag: "a".repeat(40) })) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content);
  }
  const list = "clusters/local/production/kustomization.yaml";
  writeFileSync(join(directory, list), get(list).replace("  - payment-service\n", "  - payment-service # ours\n"));
  const { out } = await init("service", ...SERVICE, "--host", "payment.local.grunnmur.internal");
  assert.match(get(list), / {2}- payment-service # ours\n {2}- shop\n$/);
  assert.match(
    get("clusters/local/production/shop/deployment.yaml"),
    /image: registry\.local\.grunnmur\.internal\/shop:v1\n/,
  );
  assert.match(get("clusters/local/production/shop/ingress.yaml"), /host: payment\.local/);
  assert.ok(!files().some((path) => path.startsWith("base/")));
  assert.match(out, /wrote {3}\S+\/shop\/deployment\.yaml\n[\s\S]*changed \S+\/production\/kustomization\.yaml\n$/);
});

test("no file that is there is written over: all are named, and nothing is written", async () => {
  mkdirSync(join(directory, "ci"), { recursive: true });
  for (const path of ["README.md", "ci/askpass.sh"]) writeFileSync(join(directory, path), "ours\n");
  await refused(/nothing was written: [^\n]*\n {2}README\.md\n {2}ci\/askpass\.sh\nMove/, "app-repo");
  assert.deepEqual(files(), ["README.md", "ci/askpass.sh"]);
});

test("a file for a directory, and a symbolic link below it, are refused", async () => {
  writeFileSync(directory, "");
  for (const what of ["config-repo", "app-repo", "infra-repo"])
    await refused(/is no directory/, what, "--stack", "prod");
  await refused(/is no directory/, "service", ...SERVICE);
  directory = join(folder, "linked");
  mkdirSync(directory);
  mkdirSync(join(folder, "elsewhere"));
  symlinkSync(join(folder, "elsewhere"), join(directory, "clusters"));
  await refused(/linked\/clusters is a symbolic link, where a directory has to be/, "config-repo");
  assert.deepEqual(readdirSync(join(folder, "elsewhere")), []);
  symlinkSync(join(folder, "nowhere"), join(directory, "README.md"));
  await refused(/README\.md is a symbolic link, where a file has to be/, "app-repo");
});

test("where writing fails, nothing is left of it", {
  skip: process.getuid?.() !== 0 && "asks for root's chattr",
}, async (t) => {
  mkdirSync(join(directory, "public"), { recursive: true });
  try {
    execFileSync("chattr", ["+i", join(directory, "public")], { stdio: "ignore" });
  } catch {
    return t.skip("this file system knows no immutable directory");
  }
  t.after(() => execFileSync("chattr", ["-i", join(directory, "public")]));
  await refused(/nothing was written to/, "app-repo", "--language", "static");
  assert.deepEqual(files(), []);
  assert.deepEqual(readdirSync(directory), ["public"]);
});

test("a name or value of another form is refused with what is allowed", async () => {
  for (const name of ["../x", "Shop", "1shop", "a b", "no", "namespace", "x".repeat(64), "$(id)"]) {
    await refused(/--name received ".*allowed is a DNS label/, "app-repo", "--name", name);
  }
  await init("config-repo");
  for (const name of ["../x", "true"]) await refused(/--name received/, "service", "--name", name, "--tag", "1");
  await refused(/--tag: received "a b"/, "service", "--name", "shop", "--tag", "a b");
  await refused(/--image: received "a:b"/, "service", ...SERVICE, "--image", "a:b");
  await refused(
    /--host received "x\.no", allowed .* payment\.local\.grunnmur\.internal\. Add it/,
    "service",
    ...SERVICE,
    "--host",
    "x.no",
  );
  await refused(/there is no environment "nosuch"/, "service", ...SERVICE, "--stack", "nosuch");
  await refused(
    /has no clusters\/prod\/production\/kustomization\.yaml, in which/,
    "service",
    ...SERVICE,
    "--stack",
    "prod",
  );
});

for (const language of ["go", "node", "static"]) {
  test(`an application in ${language} has its own name everywhere, programs that can be run, and the registry of its stack`, async () => {
    await init("app-repo", "--name", "shop", "--language", language, "--stack", "prod");
    for (const path of files()) assert.doesNotMatch(get(path), /payment/i, path);
    for (const path of ["ci/test.sh", "ci/propose-tag.sh", "ci/askpass.sh"])
      assert.equal(statSync(join(directory, path)).mode & 0o111, 0o111, path);
    assert.match(
      get(".gitlab-ci.yml"),
      /REGISTRY_HOST: registry\.example\.no\n {2}IMAGE: \$REGISTRY_HOST\/shop:\$CI_COMMIT_SHA/,
    );
    const dockerfile = get("Dockerfile");
    assert.match(dockerfile, /^ARG BASE_IMAGE=\S+\n\nFROM \$\{BASE_IMAGE\}/m);
    assert.match(dockerfile, /\nUSER 65532:65532\nEXPOSE 8080\n/);
    assert.match(get(".dockerignore"), /^\*\n/);
  });
}

test("an infrastructure repository gets the pipeline of its Git host, for its stack, and the stack file", async () => {
  const { said } = await init("infra-repo", "--stack", "prod");
  assert.deepEqual(files(), [".gitlab-ci.yml", "Pulumi.prod.yaml"]);
  assert.match(get(".gitlab-ci.yml"), /\nvariables:\n {2}STACK: "prod"\n/);
  assert.match(said, /is no clone of grunnmur yet/);
  await refused(/of kind registry-node, which runs no pipelines: give --git-host/, "infra-repo");
  directory = join(folder, "github");
  await init("infra-repo", "--git-host", "github");
  assert.match(get(".github/workflows/infrastructure.yml"), /STACK: "local"/);
  assert.doesNotMatch(get(".github/workflows/infrastructure.yml"), /vars\.STACK/);
});
