import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { artifactDir, ensure } from "../../artifacts/store";
import { repositoryPath } from "../../lib/places";
import { check } from "../../policies/check/check";
import { deployment, reader } from "../../policies/check/support/check-files";
import { loadRules } from "../../policies/engine/load";

const directory = mkdtempSync(join(tmpdir(), "standalone-"));
const scratch = join(directory, "tmp");
const repository = join(directory, "repository");
const file = join(directory, "elsewhere", "grunnmur-check.cjs");
const KNOWN = ["--registry", "registry.example.no", "--profile", "NO"];

before(async () => {
  await ensure(["check"]);
  for (const path of [scratch, repository, dirname(file)]) mkdirSync(path);
  copyFileSync(join(artifactDir("check"), "grunnmur-check.cjs"), file);
  write("apps/a.yaml", deployment("a"));
  write("apps/kustomization.yaml", "resources: [a.yaml]\nnamePrefix: x-\n");
});
after(() => rmSync(directory, { recursive: true, force: true }));

function write(name: string, content: string): void {
  mkdirSync(dirname(join(repository, name)), { recursive: true });
  writeFileSync(join(repository, name), content);
}

/** Nothing of this machine but Node and a directory for what is temporary. */
const options = { cwd: repository, encoding: "utf8", env: { PATH: "/nonexistent", TMPDIR: scratch } } as const;
const run = (...args: string[]) => spawnSync(process.execPath, [file, ...args], options);

test("it says what the verb says, and leaves nothing behind", () => {
  const { stdout, status } = run(...KNOWN, "--format", "json", ".");
  const before = process.cwd();
  process.chdir(repository);
  try {
    const facts = { registry: { host: "registry.example.no" }, locality: { profile: "NO" } };
    const today = new Date().toISOString().slice(0, 10);
    const report = check({ paths: ["."], rules: loadRules(), today, facts, reader });
    const said = JSON.parse(stdout);
    assert.ok(report.violations.length > 3);
    assert.deepEqual(
      said.violations.map(({ rule, file, line, name }: Record<string, unknown>) => [rule, file, line, name]),
      report.violations.map(({ rule, file, line, name }) => [rule, file, line, name]),
    );
    assert.deepEqual(said.counts, { ...report.counts });
  } finally {
    process.chdir(before);
  }
  assert.equal(status, 1);
  assert.deepEqual(readdirSync(scratch), []);
});

test("1 is a violation and nothing else: what could not be asked or read is 2", () => {
  assert.deepEqual([run("--help").status, run("--version").status], [0, 0]);
  write("clean/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a, namespace: shop }\n");
  assert.equal(run(...KNOWN, "clean").status, 0);
  for (const [args, said] of [
    [["--formt", "json"], /unknown option '--formt'/],
    [["--profile", "EU"], /Allowed choices are NO/],
    [["--registry", "https://r.example.no"], /--registry is https.*allowed: a host/],
    [["--stack-file", "prod.yaml"], /--stack-file is prod\.yaml; allowed: a file of the name Pulumi\.<stack>\.yaml/],
    [["--stack-file", "Pulumi.none.yaml"], /ENOENT/],
    [["--stack-file", "Pulumi.a.yaml", "--profile", "NO"], /cannot be used with/],
  ] as const) {
    const { status, stderr } = run(...args, ".");
    assert.equal(status, 2, args.join(" "));
    assert.match(stderr, said);
  }
  assert.equal(run(...KNOWN, "nowhere").status, 2);
});

test("a stack file says what registry, profile and names are", () => {
  copyFileSync(repositoryPath("Pulumi.prod.yaml"), join(repository, "Pulumi.prod.yaml"));
  write("ingress/a.yaml", INGRESS);
  const { stdout } = run("--stack-file", "Pulumi.prod.yaml", "ingress");
  assert.match(stdout, /ingress-host-declared: .*evil\.example\.no/);
  write("Pulumi.bad.yaml", "config:\n  grunnmur:environmnt: production\n");
  const bad = run("--stack-file", "Pulumi.bad.yaml", "ingress");
  assert.deepEqual([bad.status, /environmnt/.test(bad.stderr)], [2, true]);
  for (const name of ["Pulumi.prod.yaml", "Pulumi.bad.yaml"]) rmSync(join(repository, name));
});

const INGRESS = `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: a, namespace: shop }
spec:
  rules: [{ host: evil.example.no }]
`;

test("nothing of the repository under review is run, and a package beside the file makes nothing else of it", () => {
  const ran = join(directory, "ran");
  const hostile = `require("node:fs").writeFileSync(${JSON.stringify(ran)}, "");\n`;
  for (const name of ["commander", "js-yaml", "zod"]) write(`node_modules/${name}/index.js`, hostile);
  write("package.json", '{"type":"module","main":"index.js"}');
  write("index.js", hostile);
  copyFileSync(file, join(repository, "grunnmur-check.cjs"));
  write("policies/engine/rules.json", "{}");
  const { status } = spawnSync(process.execPath, ["grunnmur-check.cjs", ...KNOWN, "clean"], options);
  assert.equal(status, 0);
  assert.throws(() => readdirSync(ran), /ENOENT/);
});

test("it needs no network", { skip: process.getuid?.() !== 0 && "needs root for a namespace" }, () => {
  const { status, stderr } = spawnSync("unshare", ["--net", process.execPath, file, ...KNOWN, "apps"], {
    ...options,
    env: { ...options.env, PATH: process.env.PATH },
  });
  assert.equal(status, 1, stderr);
});

test("two at once are in nobody's way", async () => {
  const ended = [1, 2].map(() => {
    const child = spawn(process.execPath, [file, ...KNOWN, "apps"], { ...options, stdio: "ignore" });
    return new Promise((resolve) => child.once("close", resolve));
  });
  assert.deepEqual(await Promise.all(ended), [1, 1]);
  assert.deepEqual(readdirSync(scratch), []);
});
