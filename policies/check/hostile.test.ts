import assert from "node:assert/strict";
import { test } from "node:test";
import { exitCode } from "./report";
import { checkFiles, deployment, of } from "./support/check-files";

const bomb = Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(",")}]`).join(
  "\n",
);

const HOSTILE: Record<string, { content: string | Uint8Array; line: number | null; reason: RegExp }> = {
  "deep nesting": { content: `a: ${"[".repeat(100_000)}`, line: 1, reason: /nesting/ },
  "deep JSON": { content: '{"a":'.repeat(100_000), line: 1, reason: /nesting/ },
  "an alias bomb": { content: `kind: Pod\na0: &a0 [x,x,x]\n${bomb}\n`, line: 1, reason: /alias/ },
  "duplicate keys": { content: deployment("a", "kind: Service\n"), line: 13, reason: /written twice/ },
  "duplicate keys in JSON": { content: '{"kind":"Pod",\n"kind":"ConfigMap"}', line: 2, reason: /written twice/ },
  "50 MiB": { content: new Uint8Array(50 * 2 ** 20).fill(0x61), line: null, reason: /more than 16 MiB/ },
  "invalid UTF-8": { content: Buffer.from("a: 1\nb: \xff\n", "latin1"), line: 2, reason: /UTF-8/ },
  "UTF-16": { content: Buffer.from("\ufeffa: 1\n", "utf16le"), line: 1, reason: /UTF-16/ },
  "a template": {
    content: "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Values.a }}\n",
    line: 4,
    reason: /template/,
  },
  "a list of what is no object": { content: "apiVersion: v1\nkind: List\nitems: [5]\n", line: 1, reason: /items\.0/ },
  "a list without items": { content: "apiVersion: v1\nkind: List\n", line: 1, reason: /items/ },
  "lists inside lists": {
    content: `${"{apiVersion: v1, kind: List, items: [".repeat(12)}${"]}".repeat(12)}`,
    line: 1,
    reason: /lists inside lists/,
  },
  "a workload without a pod spec": {
    content: "apiVersion: apps/v1\nkind: Deployment\nspec: 1\n",
    line: 1,
    reason: /spec/,
  },
  "containers that are no list": {
    content: "apiVersion: v1\nkind: Pod\nspec: {containers: {a: {image: x}}}\n",
    line: 1,
    reason: /containers is not a list/,
  },
};

for (const [what, { content, line, reason }] of Object.entries(HOSTILE)) {
  test(`${what} is a located error, within ten seconds`, { timeout: 10_000 }, () => {
    const report = checkFiles({ "a.yaml": content });
    assert.equal(report.unread.length, 1);
    assert.equal(report.unread[0]?.line, line);
    assert.match(report.unread[0]?.reason ?? "", reason);
    assert.equal(exitCode(report), 2);
  });
}

const PASSED_OVER: Record<string, { content: string; line: number | null; reason: RegExp }> = {
  "a file of values": { content: "replicas: 3\n", line: 1, reason: /no apiVersion and kind/ },
  text: { content: "only text\n", line: 1, reason: /single value/ },
  "an empty file": { content: "# nothing\n", line: null, reason: /nothing/ },
  "a kind of its own": {
    content: "apiVersion: example.no/v1\nkind: Ship\nmetadata: {name: a}\n",
    line: 1,
    reason: /no rule is about Ship/,
  },
  "a preview of nothing": { content: '{"steps":[]}', line: 1, reason: /preview without/ },
  "a workload of the platform's own namespaces": {
    content: deployment("a").replace("namespace: shop", "namespace: kube-system"),
    line: 1,
    reason: /not held to the rules about what tenants run/,
  },
};

for (const [what, { content, line, reason }] of Object.entries(PASSED_OVER)) {
  test(`${what} is passed over, and that is said`, () => {
    const report = checkFiles({ "a.yaml": content });
    assert.equal(report.passedOver[0]?.line, line);
    assert.match(report.passedOver[0]?.reason ?? "", reason);
    // Who may write there is judged all the same.
    const refused = of(report, "tenant-own-namespaces").length > 0;
    assert.equal(refused, /kube-system/.test(content));
    assert.equal(exitCode(report), refused ? 1 : 0);
  });
}

test("what begins with a dot is judged, for Flux applies it", () => {
  const files = { ".a.yaml": deployment("a"), ".b/c.yaml": deployment("b"), ".gitlab-ci.yml": "a: !reference [b]" };
  const report = checkFiles(files);
  assert.deepEqual(
    of(report, "image-pinned").map(({ name }) => name),
    ["a", "b"],
  );
  assert.equal(exitCode(report), 1);
});

test("links are passed over, and that is said; packages are judged, for Flux applies them", () => {
  const files = { "loop.yaml": { link: "loop.yaml" }, up: { link: "." }, "node_modules/a.yaml": deployment("a") };
  const report = checkFiles(files);
  assert.deepEqual(
    report.passedOver.map(({ file }) => file),
    ["loop.yaml", "up"],
  );
  assert.equal(of(report, "image-pinned")[0]?.file, "node_modules/a.yaml");
});

test("a JSON file that its kustomization does not name is said to be left out", () => {
  const files = { "kustomization.yaml": "resources: []", "a.json": "{}" };
  assert.ok(checkFiles(files).passedOver.some(({ file }) => file === "a.json"));
});

test("a long list is placed line by line, in time that grows with its length", () => {
  const pod = "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, image: x}]}}";
  const list = `{apiVersion: v1, kind: List, items: [\n${Array(6000).fill(pod).join(",\n")}]}`;
  const start = performance.now();
  const report = checkFiles({ "a.yaml": list });
  // Minutes where each line is looked for from the top. The check is one piece of work, which no timeout interrupts.
  assert.ok(performance.now() - start < 60_000);
  assert.equal(of(report, "image-pinned").at(-1)?.line, 6001);
});

test("a namespace of the platform does not speak for those of tenants", () => {
  const namespace = (name: string) => `apiVersion: v1\nkind: Namespace\nmetadata: { name: ${name} }\n`;
  const report = checkFiles({ "a.yaml": `${namespace("kube-system")}---\n${namespace("shop")}` });
  assert.deepEqual(
    report.passedOver.map(({ line }) => line),
    [1],
  );
});
