import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { renderConfigRepo } from "./render";
import { addToTop, type TopFile } from "./top-files";

const LOCAL = {
  cluster: "local",
  registry: "registry.local.example.no",
  region: "NO",
  profile: "NO",
  recipient: "age1local",
};
const PROD = { ...LOCAL, cluster: "prod", registry: "registry.example.no", recipient: "age1prod" };

const texts = (files: readonly TopFile[]): Map<string, string> =>
  new Map(
    files.map((file) => [file.path, "content" in file ? file.content : assert.fail(`${file.path}: ${file.why}`)]),
  );

const LOCAL_ONLY = texts(addToTop(LOCAL, () => undefined));

test("of one cluster they are what the platform commits", () => {
  const committed = renderConfigRepo(LOCAL).filter(({ path }) => !path.includes("/"));
  assert.deepEqual(LOCAL_ONLY, new Map(committed.map(({ path, content }) => [path, content])));
  assert.deepEqual([...LOCAL_ONLY.keys()], [".gitlab-ci.yml", ".sops.yaml", "README.md"]);
});

test("a second cluster is added behind the first, whose bytes stay, and once only", () => {
  const both = texts(addToTop(PROD, (path) => LOCAL_ONLY.get(path)));
  for (const [path, before] of LOCAL_ONLY) assert.ok(both.get(path)?.startsWith(before), path);
  const ci = parse(both.get(".gitlab-ci.yml") ?? "");
  assert.deepEqual(
    ci.check.parallel.matrix.map((job: { CLUSTER: string; REGISTRY_HOST: string }) => [job.CLUSTER, job.REGISTRY_HOST]),
    [
      ["clusters/local", "registry.local.example.no"],
      ["clusters/prod", "registry.example.no"],
    ],
  );
  const sops = parse(both.get(".sops.yaml") ?? "");
  assert.deepEqual(
    sops.creation_rules.map(({ path_regex, age }: { path_regex: string; age: string }) => [path_regex, age]),
    [
      ["^clusters/local/.*\\.ya?ml$", "age1local"],
      ["^clusters/prod/.*\\.ya?ml$", "age1prod"],
    ],
  );
  assert.match(both.get("README.md") ?? "", /\| local \| `clusters\/local`.*\|\n\| prod \| `clusters\/prod`.*\|\n$/);
  for (const values of [LOCAL, PROD]) assert.deepEqual(texts(addToTop(values, (path) => both.get(path))), both);
});

for (const [gitHost, path] of [
  ["github", ".github/workflows/check.yml"],
  ["gitea", ".gitea/workflows/check.yml"],
] as const) {
  const one = texts(addToTop(LOCAL, () => undefined, gitHost));
  const both = texts(addToTop(PROD, (asked) => one.get(asked), gitHost));

  test(`${gitHost} has its own pipeline and no other, and a second cluster is added behind the first`, () => {
    assert.deepEqual([...one.keys()], [path, ".sops.yaml", "README.md"]);
    assert.ok(both.get(path)?.startsWith(one.get(path) ?? "?"));
    const { jobs } = parse(both.get(path) ?? "");
    assert.deepEqual(jobs.check.strategy.matrix.include, [
      { CLUSTER: "clusters/local", REGISTRY_HOST: "registry.local.example.no", LOCALITY_PROFILE: "NO" },
      { CLUSTER: "clusters/prod", REGISTRY_HOST: "registry.example.no", LOCALITY_PROFILE: "NO" },
    ]);
    assert.deepEqual(texts(addToTop(PROD, (asked) => both.get(asked), gitHost)), both);
    const other = addToTop(PROD, (asked) => (asked === path ? "jobs: { check: {} }\n" : undefined), gitHost);
    assert.match(other.flatMap((file) => ("why" in file ? file.why : [])).join(), /no list where the matrix/);
  });

  test(`${gitHost}'s job judges the cluster's folder by the newest image, which reaches and changes nothing`, () => {
    const { jobs } = parse(both.get(path) ?? "");
    const { run, env } = jobs.check.steps.at(-1);
    const values = jobs.check.strategy.matrix.include[1];
    const filled = Object.entries(env as Record<string, string>).map(([name, text]) => [
      name,
      text.replace(/^\$\{\{ matrix\.(\w+) \}\}$/, (_, key) => values[key]),
    ]);
    const bin = mkdtempSync(join(tmpdir(), "grunnmur-docker-"));
    try {
      writeFileSync(join(bin, "docker"), `#!/bin/sh\nprintf '%s\\n' "$@"\n`, { mode: 0o755 });
      const printed = execFileSync("sh", ["-ec", run], {
        cwd: bin,
        env: { PATH: `${bin}:${process.env.PATH}`, ...Object.fromEntries(filled) },
        encoding: "utf8",
      });
      assert.deepEqual(printed.trim().split("\n"), [
        ...["run", "--rm", "--pull", "always", "--network", "none", "--volume", `${bin}:/repository:ro`],
        ...["--workdir", "/repository"],
        "registry.example.no/mirror/grunnmur/check:current",
        ...["--registry", "registry.example.no", "--profile", "NO", "clusters/prod"],
      ]);
    } finally {
      rmSync(bin, { recursive: true });
    }
  });
}

test("without a recipient nothing is said of Secrets", () => {
  const { recipient: _none, ...values } = LOCAL;
  assert.deepEqual(
    addToTop(values, () => undefined).map(({ path }) => path),
    [".gitlab-ci.yml", "README.md"],
  );
});

const REFUSED: Record<string, { path: string; text: string; why: RegExp }> = {
  "no list": { path: ".gitlab-ci.yml", text: "check: {}\n", why: /no list where the matrix of check is/ },
  "no YAML": { path: ".gitlab-ci.yml", text: "a: [", why: /no list/ },
  "a list that is not at the end": {
    path: ".sops.yaml",
    text: "creation_rules:\n  - path_regex: ^x/\n    age: age1x\nstores: {}\n",
    why: /does not stand at its end/,
  },
  "a rule for all files": {
    path: ".sops.yaml",
    text: "creation_rules:\n  - path_regex: \\.ya?ml$\n    age: age1x\n",
    why: /its rule for "\\\\\.ya\?ml\$" is for clusters\/prod too/,
  },
  "another registry of the same cluster": {
    path: ".gitlab-ci.yml",
    text: LOCAL_ONLY.get(".gitlab-ci.yml")?.replace("clusters/local", "clusters/prod") ?? "",
    why: /says something else of clusters\/prod/,
  },
  "a README of one's own": { path: "README.md", text: "# Ours\n", why: /does not end in a table/ },
};

for (const [what, { path, text, why }] of Object.entries(REFUSED)) {
  test(`where there is ${what} the lines to write are told, with the reason`, () => {
    const found = addToTop(PROD, (asked) => (asked === path ? text : undefined)).find((file) => file.path === path);
    assert.ok(found && "why" in found);
    assert.match(found.why, why);
    assert.match(found.lines, /clusters\/prod/);
    assert.doesNotMatch(found.lines, /\{\{/);
  });
}
