import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compile } from "../cel/compile";
import { toCel } from "../cel/unknown";
import { admissionText, celLiteral } from "./compose";
import { identity } from "./document";
import { casesOf } from "./examples";
import { loadRules } from "./load";
import { isAbout, SYSTEM_NAMESPACES } from "./match";
import { resolveParams } from "./params";
import type { Rule } from "./rule";

const rules = loadRules();
const rule = (id: string): Rule => rules.find((one) => one.id === id) ?? assert.fail(`there is no rule ${id}`);

/** Evaluates a policy's text as the API server does: variables in order, then each validation. */
function verdict(one: Rule, params: Record<string, unknown>, object: Record<string, unknown>) {
  const text = admissionText(one, resolveParams(one, params).values);
  const metadata = object.metadata as { namespace?: string; name?: string };
  const variables: Record<string, unknown> = {};
  const bindings = {
    object: toCel(object),
    oldObject: null,
    request: { namespace: metadata.namespace ?? "", name: metadata.name ?? "" },
    variables,
  };
  for (const { name, expression } of text.variables) variables[name] = compile(expression).value(bindings);
  const applies = text.condition === undefined || compile(text.condition).value(bindings) === true;
  const failed = applies
    ? text.validations.filter(({ expression }) => compile(expression).value(bindings) !== true)
    : [];
  return failed.map(({ message, messageExpression }) =>
    messageExpression === undefined ? message : compile(messageExpression).value(bindings),
  );
}

describe("admissionText", () => {
  it("has the rule's own text in it, word for word", () => {
    for (const one of rules.filter(({ gates }) => gates.includes("admission"))) {
      const text = admissionText(one, resolveParams(one).values);
      for (const { expression, gates } of one.validations) {
        if (gates !== undefined && !gates.includes("admission")) continue;
        assert.ok(
          text.validations.some((validation) => validation.expression.includes(expression)),
          one.id,
        );
      }
    }
  });

  it("gives the verdict of the examples, and their messages", () => {
    for (const one of rules.filter(({ gates }) => gates.includes("admission"))) {
      for (const example of casesOf(one)) {
        const [document] = example.documents;
        if (example.verdict === "undetermined" || example.documents.length !== 1 || !document) continue;
        if (!example.gates.includes("admission") || example.stack) continue;
        // The policy's namespaceSelector leaves these out; its text is not asked.
        if (!isAbout(one, identity(document.object), SYSTEM_NAMESPACES)) continue;
        const messages = verdict(one, example.params, document.object);
        assert.equal(messages.length > 0, example.verdict === "bad", `${one.id}: ${example.title}`);
        for (const { message = "" } of example.expect) assert.ok(messages.join("; ").includes(message), `${messages}`);
      }
    }
  });

  it("declares only the variables that are read", () => {
    const names = admissionText(rule("memory-limit"), {}).variables.map(({ name }) => name);
    assert.deepEqual(names, ["podSpec", "containers", "podLimit"]);
  });

  it("binds parameters where they are named, and nowhere else", () => {
    const [first] = admissionText(rule("cpu-limit"), { mode: "required" }).validations;
    assert.match(
      first?.expression ?? "",
      /^\[variables\.params\]\.all\(params, variables\.containers\.all\(container, /,
    );
  });
});

describe("celLiteral", () => {
  const values: [unknown, "number" | undefined, string][] = [
    ['it\'s "quoted"\n', undefined, 'dyn("it\'s \\"quoted\\"\\n")'],
    [4, "number", "dyn(4.0)"],
    [4, undefined, "dyn(4)"],
    [["a", 1], undefined, 'dyn([dyn("a"), dyn(1)])'],
    [{ host: "x", none: null, open: true }, undefined, 'dyn({"host": dyn("x"), "open": dyn(true)})'],
  ];
  for (const [value, type, text] of values) it(text, () => assert.equal(celLiteral(value, type), text));

  it("comes back as the same value", () => {
    const value = { list: ["a", 2, { deep: false }], text: "\u0007\\ \ud83d\ude00" };
    assert.deepEqual(compile(`${celLiteral(value)} == given`).evaluate({ given: toCel(value) }), {
      kind: "value",
      value: true,
    });
  });

  it("refuses what CEL has no word for", () =>
    assert.throws(() => celLiteral(undefined), /a parameter cannot be undefined/));
});
