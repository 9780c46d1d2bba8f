import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { exitCode } from "./report";
import { checkFiles, deployment, of, reader } from "./support/check-files";

const images = (report: ReturnType<typeof checkFiles>) =>
  of(report, "image-pinned").map(({ file, line, name, namespace }) => `${file}:${line} ${namespace}/${name}`);

test("a kustomization may take in what lies anywhere in the repository, and nothing outside of it", () => {
  const inside = {
    "apps/prod/kustomization.yaml": "resources: [../../shared/a.yaml]",
    "shared/a.yaml": deployment("a"),
  };
  assert.deepEqual(images(checkFiles(inside)), ["shared/a.yaml:11 shop/a"]);
  for (const outside of ["/etc/hostname", "../../../../../../../../etc/hostname"]) {
    const report = checkFiles({
      "apps/kustomization.yaml": `configMapGenerator: [{ name: a, files: ["${outside}"] }]`,
    });
    assert.equal(exitCode(report), 2, outside);
    assert.equal(report.counts.objects, 0);
  }
});

test("what a link leads to is not built, wherever it leads", () => {
  for (const link of ["../shared", "/etc"]) {
    const files = { "apps/kustomization.yaml": "resources: [link]", "apps/link": { link } };
    const report = checkFiles({
      ...files,
      "shared/kustomization.yaml": "resources: [a.yaml]",
      "shared/a.yaml": deployment("a"),
    });
    assert.match(report.unread.map(({ reason }) => reason).join(), /apps\/link is a symbolic link/);
  }
});

test("a JSON file that is broken, and that no kustomization names, is listed", () => {
  const report = checkFiles({ ".vscode/settings.json": '{ // a comment\n "a": 1,, }', "a.yaml": deployment("a") });
  assert.deepEqual(report.unread, []);
  assert.ok(report.passedOver.some(({ file }) => file === ".vscode/settings.json"));
});

test("what was built is taken from the cache until something that was looked at changes", () => {
  const cache = mkdtempSync(join(tmpdir(), "review-cache-"));
  try {
    const files = { "k/kustomization.yaml": "resources: [../a.yaml]", "a.yaml": deployment("a") };
    const asked: unknown[] = [];
    const counting = {
      ...reader,
      build: (request: Parameters<typeof reader.build>[0]) => {
        const answer = reader.build(request);
        asked.push(answer);
        return answer;
      },
    };
    const once = () => images(checkFiles(files, { cache, reader: counting }));
    assert.deepEqual(once(), once());
    assert.deepEqual(asked[0], asked[1]);
    const [kept] = readdirSync(cache);
    // Poisoned, to see that it is read at all.
    const path = join(cache, kept ?? "");
    writeFileSync(path, readFileSync(path, "utf8").replaceAll('"nginx"', '"nginx:1"'));
    assert.deepEqual(once(), []);
    files["a.yaml"] = deployment("b");
    assert.deepEqual(once(), ["a.yaml:11 shop/b"]);
  } finally {
    rmSync(cache, { recursive: true });
  }
});

test("an entry stands where its fault is written", () => {
  const files = {
    "base/kustomization.yaml": "resources: [a.yaml]",
    "base/a.yaml": deployment("a"),
    "prod/kustomization.yaml":
      "resources: [../base]\npatches:\n  - path: more.yaml\nimages:\n  - name: busybox\n    newTag: latest\n",
    "prod/more.yaml": `apiVersion: apps/v1
kind: Deployment
metadata: { name: a, namespace: shop }
spec:
  template:
    spec:
      containers:
        - name: app
          env: [{ name: A, value: b }]
        - name: second
          image: registry.example.no/second
        - { name: third, image: busybox }
`,
  };
  const [entry] = of(checkFiles(files), "image-pinned");
  assert.deepEqual([entry?.file, entry?.line], ["base/a.yaml", 11], "all three in one entry, told at the first");
  const pinned = { ...files, "base/a.yaml": deployment("a").replace("nginx", "registry.example.no/a:1") };
  const [second] = of(checkFiles(pinned), "image-pinned");
  assert.deepEqual([second?.file, second?.line], ["prod/more.yaml", 11]);
  const third = { ...pinned, "prod/more.yaml": files["prod/more.yaml"].replace("no/second", "no/second:1") };
  const [changed] = of(checkFiles(third), "image-pinned");
  assert.deepEqual([changed?.file, changed?.line], ["prod/kustomization.yaml", 5]);
});

test("overlays that build the same object are told apart", () => {
  const report = checkFiles({
    "base/kustomization.yaml": "resources: [a.yaml]",
    "base/a.yaml": deployment("a"),
    "prod/kustomization.yaml": "resources: [../base]",
    "trial/kustomization.yaml": "resources: [../base]",
  });
  const said = of(report, "image-pinned").map(({ message }) => /\(as \S*\/(\w+) builds it\)$/.exec(message)?.[1]);
  assert.deepEqual(said, ["prod", "trial"]);
});

test("an exception of a directory does not hold for one whose name only begins alike", () => {
  const exception = { rule: "image-pinned", reason: "a trial", who: "the team", until: "2099-12-31" };
  const report = checkFiles({
    "base/kustomization.yaml": "resources: [a.yaml]",
    "base/a.yaml": deployment("a"),
    "prod/kustomization.yaml": "resources: [../base]",
    "prod-trial/kustomization.yaml": "resources: [a.yaml]",
    "prod-trial/a.yaml": deployment("a"),
    "prod-trial/.grunnmur-exceptions.yaml": JSON.stringify({ exceptions: [exception] }),
  });
  assert.deepEqual(images(report), ["base/a.yaml:11 shop/a"]);
  assert.deepEqual(
    report.exceptions.filter(({ rule }) => rule === "image-pinned").map(({ file }) => file),
    ["prod-trial/a.yaml"],
  );
});

test("a file that is named as a patch, and changes nothing, is judged", () => {
  const target = "patches: [{ path: apps/a.yaml, target: { kind: ConfigMap, name: none } }]";
  const report = checkFiles({ "kustomization.yaml": target, "apps/a.yaml": deployment("a") });
  assert.deepEqual(images(report), ["apps/a.yaml:11 shop/a"]);
});

test("a resource that a patch deletes is listed", () => {
  const report = checkFiles({
    "kustomization.yaml": "resources: [a.yaml]\npatches: [{ path: b.yaml }]",
    "a.yaml": deployment("a"),
    "b.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: a, namespace: shop }\n$patch: delete\n",
  });
  assert.deepEqual(images(report), []);
  assert.ok(report.passedOver.some(({ file, reason }) => file === "a.yaml" && /builds nothing of it/.test(reason)));
});

const TEMPLATE = "apiVersion: v1\nkind: Pod\nmetadata: { name: a }\nspec:\n  containers: {{ .Values.containers }}\n";

test("a template fails the check until it is declared, and a declaration silences no judgement", () => {
  const files = { "chart/a.yaml": TEMPLATE, "chart/b.yaml": deployment("b") };
  assert.equal(exitCode(checkFiles(files)), 2);
  const declared = checkFiles({
    ...files,
    ".grunnmur-check.yaml": "passOver: [{ path: chart, reason: its output is checked by CI }]",
  });
  assert.deepEqual(declared.unread, []);
  assert.ok(
    declared.passedOver.some(({ file, reason }) => file === "chart/a.yaml" && /its output is checked/.test(reason)),
  );
  assert.deepEqual(images(declared), ["chart/b.yaml:11 shop/b"]);
});

test("a chart is told once, whatever its templates look like", () => {
  const templates = { "chart/templates/a.yaml": TEMPLATE, "chart/templates/b/c.yaml": "{{- if .a }}\nb: [\n{{ end }}" };
  const files = { "chart/Chart.yaml": "name: chart\nversion: 1.0.0\n", ...templates };
  const [unread, ...more] = checkFiles(files).unread;
  assert.deepEqual([unread?.file, more], ["chart/Chart.yaml", []]);
  const declared = "passOver: [{ path: chart, reason: rendered by CI }]";
  assert.deepEqual(checkFiles({ ...files, ".grunnmur-check.yaml": declared }).unread, []);
});

for (const [what, content, reason] of [
  ["without a reason", "passOver: [{ path: chart }]", /path and reason/],
  ["with an unknown key", "passOver: [{ path: chart, reason: a, until: never }]", /unknown key until/],
  ["of what lies outside", "passOver: [{ path: .., reason: a }]", /path is \.\./],
  ["that is no list", "passOver: chart", /not a list/],
] as const) {
  test(`a declaration ${what} is an error`, () => {
    const report = checkFiles({ "chart/a.yaml": TEMPLATE, ".grunnmur-check.yaml": content });
    assert.match(report.unread.map(({ reason: said }) => said).join(), reason);
  });
}

test("a typing error beside braces is an error, and no template", () => {
  const report = checkFiles({ "a.yaml": "metadata:\n  name: a # {{ no template }}\n  labels: { a: b\n" });
  assert.match(report.unread[0]?.reason ?? "", /not readable as YAML/);
});

test("what .sourceignore leaves out of the agent's source is not judged, and that is said", () => {
  const report = checkFiles({
    ".sourceignore": "drafts/\n",
    "drafts/a.yaml": deployment("a"),
    "b.yaml": deployment("b"),
  });
  assert.deepEqual(images(report), ["b.yaml:11 shop/b"]);
  assert.ok(report.passedOver.some(({ file, reason }) => file === "drafts" && /\.sourceignore/.test(reason)));
});
