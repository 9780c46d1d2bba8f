import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { loadRules } from "../engine/load";
import { type CheckOptions, check } from "./check";
import { type CheckReport, exitCode } from "./report";

const TODAY = "2026-11-23";
const directory = mkdtempSync(join(tmpdir(), "check-"));
after(() => rmSync(directory, { recursive: true, force: true }));
const rules = loadRules();
const facts = { registry: { host: "registry.example.no" }, locality: { profile: "NO" } };
let count = 0;

/** Checks a directory with these files in it; paths in the report are then relative to it. */
function checkFiles(files: Record<string, string | Uint8Array>, more: Partial<CheckOptions> = {}): CheckReport {
  const root = join(directory, String(++count));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), content);
  }
  const report = check({ paths: [root], rules, today: TODAY, facts, ...more });
  const short = (file: string): string => file.slice(file.indexOf(`/${count}/`) + `/${count}/`.length);
  for (const entry of [...report.violations, ...report.obligations, ...report.exceptions]) {
    if (entry.file !== undefined) entry.file = short(entry.file);
  }
  for (const note of [...report.passedOver, ...report.unread]) note.file = short(note.file);
  return report;
}

const of = (report: CheckReport, rule: string) => report.violations.filter((entry) => entry.rule === rule);

/** Twelve lines; the container begins on the tenth. */
const deployment = (name: string, more = ""): string => `apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name}, namespace: shop }
spec:
  selector: { matchLabels: { app: a } }
  template:
    metadata: { labels: { app: a } }
    spec:
      containers:
        - name: app
          image: nginx
          ports: []
${more}`;

test("each document of a file is judged, and a fault names its line", () => {
  const report = checkFiles({ "a.yaml": `# first\n---\n${deployment("one")}--- # second\n${deployment("two")}` });
  const found = of(report, "image-pinned");
  assert.deepEqual(
    found.map(({ file, line, name, namespace }) => ({ file, line, name, namespace })),
    [
      { file: "a.yaml", line: 13, name: "one", namespace: "shop" },
      { file: "a.yaml", line: 26, name: "two", namespace: "shop" },
    ],
  );
  assert.equal(of(report, "memory-limit")[0]?.line, 12, "what is missing is told at what it is missing from");
  assert.equal(exitCode(report), 1);
});

test("a bad document neither hides the next one nor passes", () => {
  const report = checkFiles({ "a.yaml": `a: [\n---\n${deployment("two")}` });
  assert.equal(report.unread[0]?.file, "a.yaml");
  assert.equal(of(report, "image-pinned").length, 1);
  assert.equal(exitCode(report), 2);
});

test("lists are taken apart, however they are written", () => {
  const item =
    '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"x"}]}}';
  const json = `{\n\t"apiVersion": "v1",\n\t"kind": "List",\n\t"items": [\n${item},\n${item}\n]}`;
  assert.deepEqual(
    of(checkFiles({ "a.json": json }), "image-pinned").map(({ line }) => line),
    [5, 6],
  );
  const typed = `apiVersion: v1\nkind: PodList\nitems:\n- metadata: {name: q}\n  spec: {containers: [{name: c, image: x}]}\n`;
  assert.equal(of(checkFiles({ "a.yaml": typed }), "image-pinned")[0]?.kind, "Pod");
});

const bomb = Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(",")}]`).join(
  "\n",
);

const HOSTILE: Record<string, { content: string | Uint8Array; line: number | null; reason: RegExp }> = {
  "deep nesting": { content: `a: ${"[".repeat(100_000)}`, line: 1, reason: /nesting/ },
  "deep JSON": { content: '{"a":'.repeat(100_000), line: 1, reason: /nesting/ },
  "an alias bomb": { content: `kind: Pod\na0: &a0 [x,x,x]\n${bomb}\n`, line: 1, reason: /aliases/ },
  "duplicate keys": { content: deployment("a", "kind: Service\n"), line: 13, reason: /duplicated/ },
  "duplicate keys in JSON": { content: '{"kind":"Pod",\n"kind":"ConfigMap"}', line: 2, reason: /duplicated/ },
  "50 MiB": { content: new Uint8Array(50 * 2 ** 20).fill(0x61), line: null, reason: /50 MiB/ },
  "invalid UTF-8": { content: Buffer.from("a: 1\nb: \xff\n", "latin1"), line: 2, reason: /UTF-8/ },
  "UTF-16": { content: Buffer.from("\ufeffa: 1\n", "utf16le"), line: 1, reason: /UTF-16/ },
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
  "a template": {
    content: "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Values.a }}\n",
    line: 4,
    reason: /template/,
  },
  "a file of values": { content: "replicas: 3\n", line: 1, reason: /no apiVersion and kind/ },
  text: { content: "only text\n", line: 1, reason: /single value/ },
  "an empty file": { content: "# nothing\n", line: null, reason: /nothing/ },
  "a kind of its own": {
    content: "apiVersion: example.no/v1\nkind: Ship\nmetadata: {name: a}\n",
    line: 1,
    reason: /no rule is about Ship/,
  },
};

for (const [what, { content, line, reason }] of Object.entries(PASSED_OVER)) {
  test(`${what} is passed over, and that is said`, () => {
    const report = checkFiles({ "a.yaml": content });
    assert.equal(report.passedOver[0]?.line, line);
    assert.match(report.passedOver[0]?.reason ?? "", reason);
    assert.equal(exitCode(report), 0);
  });
}

test("merge keys and prototypes are no way around a rule", () => {
  const merged = `spec:
  containers:
    - &c { name: c, image: nginx }
    - { <<: *c, name: d, __proto__: { resources: { limits: { memory: 1Gi } } } }
`;
  const report = checkFiles({ "a.yaml": `apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n${merged}` });
  assert.equal(of(report, "memory-limit")[0]?.findings.length, 2);
});

const EXCEPTION = {
  rule: "image-pinned",
  name: "one",
  reason: "moves in May",
  who: "Kari Nordmann",
  until: "2027-05-31",
};
const exceptions = (entry: object): string => JSON.stringify({ exceptions: [entry] });

test("an exception excuses until its day, in its directory and below, and only what it names", () => {
  const files = { "a/b/one.yaml": deployment("one"), "c/one.yaml": deployment("one") };
  const report = checkFiles({ ...files, "a/.grunnmur-exceptions.yaml": exceptions(EXCEPTION) });
  assert.deepEqual(
    report.exceptions.map(({ file, rule, exception }) => [file, rule, exception.who]),
    [["a/b/one.yaml", "image-pinned", "Kari Nordmann"]],
  );
  assert.deepEqual(
    of(report, "image-pinned").map(({ file }) => file),
    ["c/one.yaml"],
  );
  const late = checkFiles({ ...files, ".grunnmur-exceptions.yaml": exceptions({ ...EXCEPTION, until: "2026-11-22" }) });
  assert.equal(late.exceptions.length, 0);
  assert.match(of(late, "image-pinned")[0]?.message ?? "", /ended on 2026-11-22/);
});

for (const [what, entry, reason] of [
  ["without a reason", { ...EXCEPTION, reason: undefined }, /reason/],
  ["with an unknown key", { ...EXCEPTION, file: "x" }, /unknown key file/],
  ["from no rule", { ...EXCEPTION, rule: "image-pined" }, /no rule image-pined/],
  ["until no day", { ...EXCEPTION, until: "2027-02-30" }, /until is 2027-02-30/],
] as const) {
  test(`an exception ${what} is an error, and excuses nothing`, () => {
    const report = checkFiles({ "one.yaml": deployment("one"), ".grunnmur-exceptions.yaml": exceptions(entry) });
    assert.match(report.unread[0]?.reason ?? "", reason);
    assert.equal(report.exceptions.length, 0);
    assert.equal(exitCode(report), 2);
  });
}

test("without a registry the rule on it is open, not passed", () => {
  const report = checkFiles({ "a.yaml": deployment("a") }, { facts: {} });
  assert.ok(report.obligations.some(({ rule }) => rule === "image-from-stack-registry"));
});

const kustomization = (...resources: string[]): string => `resources: [${resources.join(", ")}]\n`;

test("a kustomization is built once, from its root, and a fault is told where it is written", () => {
  const built: string[] = [];
  const report = checkFiles(
    {
      "base/kustomization.yaml": kustomization("app.yaml"),
      "base/app.yaml": deployment("app"),
      "base/old.yaml": deployment("old"),
      "prod/kustomization.yaml": kustomization("../base"),
    },
    {
      build: (directory) => {
        built.push(directory.split("/").at(-1) ?? "");
        return deployment("app").replace("nginx", "nginx:1");
      },
    },
  );
  assert.deepEqual(built, ["prod"]);
  const [found] = of(report, "memory-limit");
  assert.deepEqual([found?.file, found?.line], ["base/app.yaml", 10]);
  assert.ok(report.passedOver.some(({ file, reason }) => file === "base/old.yaml" && /not applied/.test(reason)));
});

test("what a kustomization would fetch, and one that cannot be built, are errors", () => {
  const remote = { "kustomization.yaml": kustomization("https://example.com/x.yaml") };
  const build = () => assert.fail("it must not be built: that would fetch");
  assert.match(checkFiles(remote, { build }).unread[0]?.reason ?? "", /not in this repository/);
  const own = { "kustomization.yaml": kustomization("a.yaml"), "a.yaml": deployment("a") };
  assert.match(checkFiles(own).unread[0]?.reason ?? "", /kubectl or kustomize/);
});

test("a Pulumi preview is judged by what it would leave standing, and unknown values stay open", () => {
  const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
  const pod = (image: string) => ({
    metadata: { name: "p", namespace: "a" },
    spec: { containers: [{ name: "c", image }] },
  });
  const step = (op: string, urn: string, image: string) => {
    const state = { type: "kubernetes:core/v1:Pod", inputs: pod(image) };
    return { op, urn, ...(op === "delete" ? { oldState: state } : { newState: state }) };
  };
  const steps = [step("create", "u1", "nginx"), step("create", "u2", unknown), step("delete", "u3", "nginx")];
  const report = checkFiles({ "preview.json": JSON.stringify({ config: {}, steps }) });
  assert.deepEqual(
    of(report, "image-pinned").map(({ source }) => source),
    ["u1"],
  );
  assert.ok(report.obligations.some(({ rule, source }) => rule === "image-pinned" && source === "u2"));
});
