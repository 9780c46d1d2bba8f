import assert from "node:assert/strict";
import { test } from "node:test";
import { exitCode } from "./report";
import { checkFiles, deployment, of, reader } from "./support/check-files";

const bomb = Array.from({ length: 12 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(",")}]`);

const UNREADABLE: Record<string, { files: Parameters<typeof checkFiles>[0]; reason: RegExp }> = {
  "a text": { files: { "kustomization.yaml": "hello" }, reason: /is a map/ },
  "a list": { files: { "kustomization.yaml": "- app.yaml" }, reason: /is a map/ },
  "an alias bomb": { files: { "kustomization.yaml": `a0: &a0 [x,x]\n${bomb.join("\n")}` }, reason: /alias/ },
  "deep nesting": { files: { "kustomization.yaml": `a: ${"[".repeat(50_000)}` }, reason: /nesting/ },
};

for (const [what, { files, reason }] of Object.entries(UNREADABLE)) {
  test(`a kustomization that is ${what} is an error, and not built`, { timeout: 10_000 }, () => {
    const build = () => assert.fail("it must not be built");
    const report = checkFiles(files, { reader: { ...reader, build } });
    assert.deepEqual(
      report.unread.map(({ file }) => file),
      ["kustomization.yaml"],
    );
    assert.match(report.unread[0]?.reason ?? "", reason);
    assert.equal(exitCode(report), 2);
  });
}

test("a kustomization that is a link or a directory is none, for the agent finds none there", {
  timeout: 10_000,
}, () => {
  const none: Parameters<typeof checkFiles>[0][] = [
    { "kustomization.yaml/a.txt": "" },
    { "kustomization.yaml": { link: "/dev/zero" } },
  ];
  for (const files of none) {
    const report = checkFiles({ ...files, "app.yaml": deployment("app") });
    assert.equal(of(report, "image-pinned").length, 1);
  }
});

for (const [what, files] of Object.entries<Parameters<typeof checkFiles>[0]>({
  "a directory": { ".grunnmur-exceptions.yaml/a.txt": "" },
  "a link to what never ends": { ".grunnmur-exceptions.yaml": { link: "/dev/zero" } },
})) {
  test(`a file of exceptions that is ${what} is an error, and excuses nothing`, { timeout: 10_000 }, () => {
    const report = checkFiles({ ...files, "a.yaml": deployment("a") });
    assert.match(report.unread[0]?.reason ?? "", /not a file/);
    assert.ok(report.counts.mandatory > 0);
  });
}

test("a device that was given as a path is an error, not a wait", { timeout: 10_000 }, () => {
  const report = checkFiles({}, { paths: ["/dev/zero"] });
  assert.match(report.unread[0]?.reason ?? "", /more than 16 MiB/);
});

test("a local directory may be called as a base elsewhere, and is not it", () => {
  const files = {
    "a/kustomization.yaml": 'resources: ["github.com/a/b"]',
    "a/github.com/a/b/kustomization.yaml": "resources: []",
  };
  assert.match(
    checkFiles(files)
      .unread.map(({ reason }) => reason)
      .join(),
    /github\.com\/a\/b is not in this repository/,
  );
});

test("an address that is only a value is no file", () => {
  const literal = "configMapGenerator: [{ name: a, literals: [url=https://example.com] }]";
  assert.deepEqual(checkFiles({ "kustomization.yaml": literal }).unread, []);
});

test("what only a circle takes in is told, and what only an unused component takes in is built", () => {
  const circle = { "a/kustomization.yaml": "resources: [../b]", "b/kustomization.yaml": "resources: [../a]" };
  assert.match(checkFiles(circle).unread[0]?.reason ?? "", /cycle|circular/);
  const component = {
    "a/kustomization.yaml": "resources: [app.yaml]",
    "a/app.yaml": deployment("app"),
    "b/kustomization.yaml": "kind: Component\nresources: [../a]",
  };
  assert.equal(of(checkFiles(component), "image-pinned").length, 1);
});

test("manifests and patches in a directory below are judged by what is built of them", () => {
  const limits =
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: app, namespace: shop }\nspec: { replicas: 2 }\n";
  const report = checkFiles({
    "kustomization.yaml": "resources: [manifests/app.yaml]\npatches: [{ path: patches/limits.yaml }]",
    "manifests/app.yaml": deployment("app"),
    "manifests/other.yaml": deployment("other"),
    "patches/limits.yaml": limits,
  });
  assert.deepEqual(report.unread, []);
  assert.deepEqual(
    of(report, "image-pinned").map(({ file, line }) => [file, line]),
    [
      ["manifests/app.yaml", 11],
      ["manifests/other.yaml", 11],
    ],
  );
});

test("a patch that is a link to itself or to what never ends is an error", { timeout: 10_000 }, () => {
  for (const link of ["b.yaml", "/dev/zero"]) {
    const kustomization = "resources: [a.yaml]\npatches: [{ path: b.yaml }]";
    const report = checkFiles({ "kustomization.yaml": kustomization, "a.yaml": deployment("app"), "b.yaml": { link } });
    assert.match(report.unread[0]?.reason ?? "", /b\.yaml/);
  }
});

test("a manifest that is only the content of a ConfigMap is judged all the same", () => {
  const files = {
    "kustomization.yaml": "configMapGenerator: [{ name: a, files: [below/app.yaml] }]",
    "below/app.yaml": deployment("app"),
  };
  assert.equal(of(checkFiles(files), "image-pinned").length, 1);
});
