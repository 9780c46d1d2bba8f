import assert from "node:assert/strict";
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
