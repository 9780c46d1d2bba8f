import assert from "node:assert/strict";
import { test } from "node:test";
import { exitCode } from "./report";
import { checkFiles, deployment, of } from "./support/check-files";

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
  ["with an empty reason", { ...EXCEPTION, reason: " " }, /reason must be a text/],
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
  const report = checkFiles({
    "base/kustomization.yaml": kustomization("app.yaml"),
    "base/app.yaml": deployment("app"),
    "base/old.yaml": deployment("old"),
    "prod/kustomization.yaml": `${kustomization("../base")}images: [{ name: nginx, newTag: "1" }]\n`,
  });
  const [found, ...more] = of(report, "memory-limit");
  assert.deepEqual([found?.file, found?.line, more], ["base/app.yaml", 10, []]);
  assert.ok(report.passedOver.some(({ file, reason }) => file === "base/old.yaml" && /not applied/.test(reason)));
});

test("a kustomization that cannot be built is an error", () => {
  const report = checkFiles({ "kustomization.yaml": kustomization("a.yaml") });
  assert.match(report.unread[0]?.reason ?? "", /a\.yaml/);
  assert.equal(exitCode(report), 2);
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
