import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { lint } from "../cel/lint";
import { Engine } from "../engine/engine";
import { type Case, casesOf, isAsked } from "../engine/examples";
import { loadRules } from "../engine/load";
import type { Gate, Rule } from "../engine/rule";
import { LISTS, PRELUDE } from "../engine/subject";
import type { Entry, Report } from "../engine/verdict";
import { IMPLEMENTATIONS } from "../implementations/index";

const TODAY = "2026-11-23";

function reportOf(rule: Rule, example: Case, gate: Gate): Report {
  const engine = new Engine({
    rules: [rule],
    gate,
    params: { [rule.id]: example.params },
    ...(example.stack && { stack: example.stack }),
    today: TODAY,
  });
  return engine.evaluate(example.documents);
}

function assertExpected(entries: readonly Entry[], example: Case): void {
  const findings = entries.flatMap((entry) => entry.findings);
  const said = findings.map((finding) => `${finding.path}: ${finding.message}`).join("\n");
  assert.equal(findings.length, example.expect.length, `findings:\n${said}`);
  for (const { path, message } of example.expect) {
    const found = findings.some(
      (finding) => (path ?? finding.path) === finding.path && finding.message.includes(message ?? ""),
    );
    assert.ok(found, `nothing at ${path} with the message ${JSON.stringify(message)}; findings:\n${said}`);
  }
}

for (const rule of loadRules()) {
  describe(rule.id, () => {
    it("keeps to the profile", () => {
      const own = rule.variables.map((variable) => variable.name);
      const given = rule.match.subject === "podSpec" ? Object.keys(PRELUDE) : [];
      const params = Object.keys(rule.params);
      const faults = (text: string | undefined, names: string[] = [], variables = [...given, ...own]) =>
        text === undefined ? [] : lint(text, { names, variables, params });
      const { when } = rule.match;
      const found = [
        ...(when === undefined ? [] : lint(when, { names: [], variables: [], params, condition: true })),
        ...rule.variables.flatMap((variable, index) =>
          faults(variable.expression, [], [...given, ...own.slice(0, index)]),
        ),
        ...rule.validations.flatMap((validation) => {
          const { each } = validation;
          const names = each === undefined ? [] : [typeof each === "string" ? LISTS[each].item : each.as];
          const list = typeof each === "object" ? each.list : undefined;
          return [
            ...faults(list),
            ...faults(validation.expression, names),
            ...faults(validation.messageExpression, names),
          ];
        }),
      ];
      assert.deepEqual(found, []);
    });

    const { implementation } = rule;
    if (implementation) {
      it("has its implementation", () => assert.ok(IMPLEMENTATIONS[implementation.name], implementation.name));
    }

    // What is undetermined has said so itself, and may wait for an object of another kind.
    for (const example of casesOf(rule).filter(({ verdict }) => verdict !== "undetermined")) {
      it(`is about the ${example.verdict} example: ${example.title}`, () => assert.ok(isAsked(rule, example)));
    }

    for (const example of casesOf(rule)) {
      // The API server's verdict is asked of the API server; its text is the same, so ours stands in for it here.
      for (const gate of example.gates) {
        it(`${example.verdict} at ${gate}: ${example.title}`, () => {
          const report = reportOf(rule, example, gate);
          if (example.verdict === "good") assertExpected([...report.violations, ...report.obligations], example);
          if (example.verdict === "bad") assertExpected(report.violations, example);
          if (example.verdict === "undetermined") {
            assert.deepEqual(report.violations, []);
            assert.ok(report.obligations.length > 0, "nothing was undetermined");
            if (example.expect.length > 0) assertExpected(report.obligations, example);
          }
        });
      }
    }
  });
}
