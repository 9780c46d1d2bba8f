import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { rulesDirectory } from "./load";
import { parseRule } from "./parse";

describe("parseRule", () => {
  const good = { match: "{ subject: podSpec }", extra: "" };
  const text = ({ match, extra } = good) =>
    [
      "id: a-rule\ntitle: t\ncategory: resource-limits\nseverity: mandatory\ngates: [check]\nreason: r\nremediation: m",
      `match: ${match}`,
      "validations: [{ expression: 'true', message: m }]",
      "examples: { good: [{ title: g, podSpec: {} }], bad: [{ title: b, podSpec: {}, expect: [{}] }] }",
      extra,
    ].join("\n");

  it("accepts a rule", () => assert.equal(parseRule(text(), "rules/a-rule.yaml").id, "a-rule"));

  const faults: [string, string, string, RegExp][] = [
    ["another name than its file's", "b-rule.yaml", text(), /id is a-rule; the file's name says b-rule/],
    ["an unknown key", "a-rule.yaml", text({ ...good, extra: "severty: advisory" }), /Unrecognized key: "severty"/],
    ["an unknown subject", "a-rule.yaml", text({ ...good, match: "{ subject: pod }" }), /match\.subject/],
    [
      "an undecided TypeScript rule",
      "a-rule.yaml",
      text({ ...good, extra: "implementation: { name: x, gates: [check] }" }),
      /say in `undecidable`/,
    ],
    [
      "a variable with a name that is CEL's",
      "a-rule.yaml",
      text({ ...good, extra: "variables: [{ name: namespace, expression: 'true' }]" }),
      /namespace is a word of CEL/,
    ],
    ["text that is not YAML", "a-rule.yaml", "a: [", /is not a rule/],
  ];
  for (const [what, file, content, message] of faults) {
    it(`refuses ${what}`, () => assert.throws(() => parseRule(content, file), message));
  }
});

const rule = (good: string, match = "{ subject: object, resources: [{ apiGroups: [apps], kinds: [Deployment] }] }") => `
id: sample
title: A sample
category: resource-limits
severity: mandatory
gates: [check]
reason: It shows something.
remediation: Do something.
match: ${match}
validations: [{ expression: has(object.spec), message: no spec }]
examples:
  good: [${good}]
  bad: [{ title: none, object: &base { apiVersion: apps/v1, kind: Deployment }, expect: [{ message: no spec }] }]
`;

const STACK = "{ subject: stack }";

describe("the objects in a rule's examples", () => {
  const refused: [string, RegExp, string?][] = [
    [
      "{ title: merged, object: { <<: { apiVersion: apps/v1, kind: Deployment }, spec: {} } }",
      /examples\.good\.0\.object\.kind: received nothing, allowed is text; write its keys out, for `<<` .*\(merged\)/,
    ],
    [
      "{ title: two, objects: [{ apiVersion: v1, kind: Pod }, { apiVersion: v1, spec: {} }] }",
      /sample\.yaml is not a rule:\n {2}- examples\.good\.0\.objects\.1\.kind: received nothing, [^\n]*\(two\)\nsee/,
    ],
    ["{ title: t, object: { apiVersion: apps/v1, kind: 1 } }", /good\.0\.object\.kind: received 1, allowed is text/],
    ["{ title: t, object: { kind: Deployment } }", /good\.0\.object\.apiVersion: received nothing/],
    ["{ title: beside a stack, objects: [{ spec: {} }], stack: {} }", /good\.0\.objects\.0\.kind/, STACK],
  ];
  for (const [good, message, match] of refused) {
    it(`must have a kind: ${good}`, () => assert.throws(() => parseRule(rule(good, match), "sample.yaml"), message));
  }

  it("may be a stack, which has none", () => {
    const text = rule("{ title: t, object: { nodes: [] } }", STACK);
    assert.equal(parseRule(text, "sample.yaml").id, "sample");
  });

  it("are read from a shipped rule as before", () => {
    const file = join(rulesDirectory(), "namespace-quota.yaml");
    assert.equal(parseRule(readFileSync(file, "utf8"), file).id, "namespace-quota");
  });
});
