import assert from "node:assert/strict";
import { test } from "node:test";
import { checkFiles, deployment, of } from "./check-files";
import { exitCode } from "./report";

const bomb = Array.from({ length: 12 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(",")}]`);

const UNREADABLE: Record<string, { files: Parameters<typeof checkFiles>[0]; reason: RegExp }> = {
  "a text": { files: { "kustomization.yaml": "hello" }, reason: /is a map/ },
  "a list": { files: { "kustomization.yaml": "- app.yaml" }, reason: /is a map/ },
  "an alias bomb": { files: { "kustomization.yaml": `a0: &a0 [x,x]\n${bomb.join("\n")}` }, reason: /aliases/ },
  "deep nesting": { files: { "kustomization.yaml": `a: ${"[".repeat(50_000)}` }, reason: /nesting/ },
  "a directory": { files: { "kustomization.yaml/a.txt": "" }, reason: /not a file/ },
  "a link to what never ends": { files: { "kustomization.yaml": { link: "/dev/zero" } }, reason: /not a file/ },
};

for (const [what, { files, reason }] of Object.entries(UNREADABLE)) {
  test(`a kustomization that is ${what} is an error, and not built`, { timeout: 10_000 }, () => {
    const report = checkFiles(files, { build: () => assert.fail("it must not be built") });
    assert.deepEqual(
      report.unread.map(({ file }) => file),
      ["kustomization.yaml"],
    );
    assert.match(report.unread[0]?.reason ?? "", reason);
    assert.equal(exitCode(report), 2);
  });
}

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

const FETCHED: Record<string, string> = {
  "a resource": "resources: [https://example.com/a.yaml]",
  "a resource over SSH": "resources: [git@example.com:a/b.git]",
  "a patch": "patches: [{ path: https://example.com/a.yaml }]",
  "a replacement": "replacements: [{ path: https://example.com/a.yaml }]",
  "a file of a generator": "configMapGenerator: [{ name: a, files: [key=https://example.com/a] }]",
  "a schema": "openapi: { path: https://example.com/a.json }",
};

for (const [what, content] of Object.entries(FETCHED)) {
  test(`${what} that kustomize would fetch is an error, and nothing is fetched`, () => {
    const report = checkFiles({ "kustomization.yaml": content }, { build: () => assert.fail("it must not be built") });
    assert.match(report.unread[0]?.reason ?? "", /not in this repository/);
  });
}

test("a directory that is called as a remote base is none", () => {
  const files = {
    "a/kustomization.yaml": 'resources: ["github.com/a/b"]',
    "a/github.com/a/b/kustomization.yaml": "resources: []",
  };
  const report = checkFiles(files, { build: () => "" });
  assert.deepEqual(
    report.unread.map(({ file }) => file),
    ["a/kustomization.yaml"],
  );
});

test("an address that is only a value is no file", () => {
  const literal = "configMapGenerator: [{ name: a, literals: [url=https://example.com] }]";
  assert.equal(checkFiles({ "kustomization.yaml": literal }, { build: () => "" }).unread.length, 0);
});

for (const [what, files] of Object.entries({
  "a circle": { "a/kustomization.yaml": "resources: [../b]", "b/kustomization.yaml": "resources: [../a]" },
  itself: { "a/kustomization.yaml": "resources: [.]" },
  "a component that nothing takes in": {
    "a/kustomization.yaml": "resources: [app.yaml]",
    "a/app.yaml": deployment("app"),
    "b/kustomization.yaml": "kind: Component\nresources: [../a]",
  },
})) {
  test(`what only ${what} takes in is built, and not passed over`, () => {
    const built: string[] = [];
    checkFiles(files as Record<string, string>, {
      build: (directory) => {
        built.push(directory.split("/").at(-1) ?? "");
        return "";
      },
    });
    assert.deepEqual(built, ["a"]);
  });
}

test("manifests and patches in a directory below are judged by what is built of them", () => {
  const limits = "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: app }\nspec: { replicas: 2 }\n";
  const report = checkFiles(
    {
      "kustomization.yaml": "resources: [manifests/app.yaml]\npatches: [{ path: patches/limits.yaml }]",
      "manifests/app.yaml": deployment("app"),
      "manifests/other.yaml": deployment("other"),
      "patches/limits.yaml": limits,
    },
    { build: () => deployment("app") },
  );
  assert.deepEqual(report.unread, []);
  assert.deepEqual(
    of(report, "image-pinned").map(({ file, line }) => [file, line]),
    [
      ["manifests/other.yaml", 11],
      ["manifests/app.yaml", 11],
    ],
  );
});

test("a patch that is a link to itself or to what never ends hurts nobody", { timeout: 10_000 }, () => {
  const files = {
    "kustomization.yaml": "resources: [a.yaml]\npatches: [{ path: b.yaml }, { path: c.yaml }]",
    "a.yaml": deployment("app"),
    "b.yaml": { link: "b.yaml" },
    "c.yaml": { link: "/dev/zero" },
  };
  assert.equal(of(checkFiles(files, { build: () => deployment("app") }), "image-pinned")[0]?.file, "a.yaml");
});

test("a manifest that is only the content of a ConfigMap is judged all the same", () => {
  const files = {
    "kustomization.yaml": "configMapGenerator: [{ name: a, files: [below/app.yaml] }]",
    "below/app.yaml": deployment("app"),
  };
  assert.equal(of(checkFiles(files, { build: () => "" }), "image-pinned").length, 1);
});
