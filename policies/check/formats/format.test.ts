import assert from "node:assert/strict";
import { test } from "node:test";
import { loadRules } from "../../engine/load";
import type { Entry } from "../../engine/verdict";
import type { CheckReport } from "../report";
import { FORMATS, formatReport } from "./format";

const rules = loadRules();
const entry: Entry = {
  rule: "image-pinned",
  severity: "mandatory",
  file: "apps/a,b: c.yaml",
  line: 7,
  apiVersion: "v1",
  kind: "Pod",
  namespace: "shop",
  name: "app",
  path: "spec.containers[0].image",
  message: 'the image is "x" & <100%>\nof two lines',
  remedy: "Write a tag.",
  findings: [],
};
const report: CheckReport = {
  violations: [entry, { ...entry, severity: "advisory" }],
  obligations: [{ ...entry, waitsFor: ["spec"] }],
  exceptions: [{ ...entry, exception: { rule: entry.rule, reason: "moves", who: "Kari", until: "2027-01-01" } }],
  passedOver: [{ file: "values.yaml", line: 1, reason: "no object" }],
  unread: [{ file: "bad.yaml", line: 3, reason: "a bell \u0007 rings" }],
  counts: { objects: 1, rules: 1, mandatory: 1, advisory: 1, obligations: 1, exceptions: 1, passedOver: 1, unread: 1 },
};
const format = (name: (typeof FORMATS)[number]): string => formatReport(report, name, rules);

test("JSON has the fields that others rely on", () => {
  const json = JSON.parse(format("json")) as Record<string, unknown[]>;
  assert.deepEqual(Object.keys(json), ["violations", "obligations", "exceptions", "passedOver", "counts"]);
  const keys = [
    "rule",
    "severity",
    "file",
    "line",
    "apiVersion",
    "kind",
    "namespace",
    "name",
    "path",
    "message",
    "remedy",
  ];
  assert.deepEqual(Object.keys(json.violations?.[0] ?? {}), keys);
  assert.deepEqual(json.passedOver?.[0], {
    file: "bad.yaml",
    line: 3,
    reason: "could not be read: a bell \u0007 rings",
  });
});

test("SARIF names a declared rule, the place, and what is suppressed", () => {
  const { runs } = JSON.parse(format("sarif")) as {
    runs: {
      tool: { driver: { rules: { id: string }[] } };
      results: {
        ruleId: string;
        level: string;
        suppressions?: object[];
        locations: { physicalLocation: { artifactLocation: { uri: string }; region: { startLine: number } } }[];
      }[];
      invocations: { executionSuccessful: boolean }[];
    }[];
  };
  const [run] = runs;
  assert.ok(run?.tool.driver.rules.some(({ id }) => id === run.results[0]?.ruleId));
  assert.deepEqual(
    run?.results.map(({ level, suppressions }) => [level, suppressions?.length ?? 0]),
    [
      ["error", 0],
      ["warning", 0],
      ["none", 0],
      ["error", 1],
    ],
  );
  assert.equal(run?.results[0]?.locations[0]?.physicalLocation.region.startLine, 7);
  assert.equal(run?.results[0]?.locations[0]?.physicalLocation.artifactLocation.uri, "apps/a%2Cb%3A%20c.yaml");
  assert.equal(run?.invocations[0]?.executionSuccessful, false);
});

test("JUnit fails the rule once for each violation, and is XML whatever the message holds", () => {
  const xml = format("junit");
  assert.equal(xml.match(/<failure /g)?.length, 1);
  assert.equal(xml.match(/<error /g)?.length, 1);
  assert.ok(xml.includes("&quot;x&quot; &amp; &lt;100%&gt;\\u000aof two lines"));
  assert.ok(!xml.includes("\u0007"));
});

test("GitHub's commands are one line each, and their values cannot end them", () => {
  const [first, second, third, excepted, fourth] = format("github").trimEnd().split("\n");
  assert.match(
    first ?? "",
    /^::error file=apps\/a%2Cb%3A c\.yaml,line=7,title=image-pinned::.*<100%25>%0Aof two lines/,
  );
  assert.match(second ?? "", /^::warning /);
  assert.match(third ?? "", /^::notice /);
  assert.match(excepted ?? "", /^::notice .*excepted: .*Kari/);
  assert.match(fourth ?? "", /^::error file=bad\.yaml,line=3,/);
});

test("GitLab's report has a fingerprint that outlives a moved line", () => {
  const items = JSON.parse(format("gitlab")) as { fingerprint: string; severity: string; location: object }[];
  assert.deepEqual(
    items.map(({ severity }) => severity),
    ["major", "minor", "info", "info", "blocker"],
  );
  assert.deepEqual(items[0]?.location, { path: "apps/a,b: c.yaml", lines: { begin: 7 } });
  const moved = { ...report, violations: [{ ...entry, line: 70 }] };
  const again = JSON.parse(formatReport(moved, "gitlab", rules)) as { fingerprint: string }[];
  assert.equal(again[0]?.fingerprint, items[0]?.fingerprint);
});

test("text says all of it, and claims nothing beyond the rules", () => {
  const text = format("text");
  for (const part of [
    "a,b: c.yaml:7: error: image-pinned",
    "advice:",
    "open:",
    "excepted:",
    "Kari",
    "passed over:",
    "bad.yaml:3",
  ]) {
    assert.ok(text.includes(part), part);
  }
  for (const name of FORMATS) assert.doesNotMatch(format(name), /compliant/i);
});

const hostile = (text: string): CheckReport => ({
  ...report,
  violations: [{ ...entry, file: `${text}.yaml`, namespace: text, name: text, path: text, message: text }],
  unread: [{ file: text, line: 1, reason: text }],
});

test("no value of a manifest makes a line of its own, or speaks to a terminal or a log", () => {
  for (const start of ["::error::", "##[error]"]) {
    const forged = hostile(`${start}\n::stop-commands::x\r\u001b[2J\u009b\u2028\u202e`);
    const text = formatReport(forged, "text", rules);
    assert.equal(text.split("\n").length, formatReport(report, "text", rules).split("\n").length - 3);
    assert.match(formatReport(forged, "github", rules), /^(::(error|warning|notice) [^\p{Cc}\u2028]*\n)+$/u);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
    assert.doesNotMatch(text, /^(::|##\[)|[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u202e]/m);
  }
});

test("JUnit has no character that XML forbids", () => {
  const xml = formatReport(hostile("\u0000\u001b\ufffe\uffff\ud800]]>&"), "junit", rules);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
  assert.doesNotMatch(xml, /[\u0000-\u0008\u000b-\u001f\ufffe\uffff]|[^&]]]>|&(?!\w+;|#10;)/);
  assert.doesNotMatch(xml, /\p{Cs}/u);
  assert.match(xml, /excepted: .*Kari/);
});

test("SARIF's addresses are URIs, whatever a file is called", () => {
  const uris = ["a b.yaml", "å#1?.yaml", "c:d.yaml", "100%.yaml", "/tmp/a b.yaml", "standard input"].map((file) => {
    const sarif = formatReport({ ...report, violations: [{ ...entry, file }] }, "sarif", rules);
    return /"uri": "([^"]*)"/.exec(sarif)?.[1];
  });
  assert.deepEqual(uris, [
    "a%20b.yaml",
    "%C3%A5%231%3F.yaml",
    "c%3Ad.yaml",
    "100%25.yaml",
    "file:///tmp/a%20b.yaml",
    "standard%20input",
  ]);
});

test("fingerprints are unique, also of one name in two files, and of one object twice", () => {
  const violations = [entry, { ...entry, file: "b.yaml" }, entry, { ...entry, namespace: "a\nb", name: "c" }];
  violations.push({ ...entry, namespace: "a", name: "b\nc" });
  const items = JSON.parse(formatReport({ ...report, violations }, "gitlab", rules)) as { fingerprint: string }[];
  assert.equal(new Set(items.map(({ fingerprint }) => fingerprint)).size, items.length);
  const first = JSON.parse(formatReport({ ...report, violations: [entry] }, "gitlab", rules)) as typeof items;
  assert.equal(items[0]?.fingerprint, first[0]?.fingerprint);
});

const unasked = (rule: string, ...params: string[]): CheckReport["obligations"][number] => {
  const waitsFor = params.map((name) => `params.${name}`);
  const { file: _file, line: _line, ...rest } = entry;
  return { ...rest, rule, apiVersion: "", kind: "", namespace: "", name: "", path: "", message: "no value", waitsFor };
};

test("rules that lack a value are told in one line, with what a stack would say; data names each", () => {
  const some = [
    unasked("administration-declared", "administration"),
    unasked("requests-fit-nodes", "nodes"),
    unasked("state-backend-in-profile", "backend", "secretsProvider"),
  ];
  const lacking: CheckReport = { ...report, obligations: [...report.obligations, ...some] };
  const line =
    "3 rules were not asked: a stack file would say administration, nodes for administration-declared, " +
    "requests-fit-nodes; only pulumi preview says what state-backend-in-profile needs";
  const lines = (name: "text" | "github") => formatReport(lacking, name, rules).split("\n");
  assert.deepEqual(
    lines("text").filter((text) => /^(-: )?open/.test(text)),
    [`open: ${line}`],
  );
  assert.equal(lines("text").filter((text) => text.includes(": open: ")).length, 1);
  assert.deepEqual(
    lines("github").filter((text) => text.includes("not asked")),
    [`::notice title=not asked::${line}`],
  );
  const items = JSON.parse(formatReport(lacking, "gitlab", rules)) as { check_name: string; description: string }[];
  assert.deepEqual(
    items.filter(({ description }) => /not asked|no value/.test(description)).map(({ description }) => description),
    [line],
  );
  const { obligations } = JSON.parse(formatReport(lacking, "json", rules)) as { obligations: { rule: string }[] };
  assert.deepEqual(
    obligations.slice(1).map(({ rule }) => rule),
    some.map(({ rule }) => rule),
  );
  assert.ok(!formatReport(report, "text", rules).includes("not asked"));
});
