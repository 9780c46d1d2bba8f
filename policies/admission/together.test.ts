import assert from "node:assert/strict";
import { test } from "node:test";
import { compile } from "../cel/compile";
import { admissionText } from "../engine/compose";
import { loadRules } from "../engine/load";
import { resolveParams } from "../engine/params";
import { FACTS } from "./support/explained";
import { allHold, type Part, readsNamespace, together } from "./together";

const part = (id: string, changes: Partial<Part["text"]> = {}, notOf: string[] = []): Part => ({
  id,
  notOf,
  text: { variables: [], validations: [{ expression: "variables.x > 1", message: "wrong" }], ...changes },
});
const x = (expression: string) => ({ variables: [{ name: "x", expression }] });

test("what two rules name alike and mean alike is one variable", () => {
  const { variables, validations } = together([part("a", x("1 + 1")), part("b", x("1 + 1"))]);
  assert.deepEqual(variables, [{ name: "x", expression: "1 + 1" }]);
  assert.deepEqual(
    validations.map(({ expression }) => expression),
    ["variables.x > 1", "variables.x > 1"],
  );
});

test("what two rules name alike and mean otherwise stays two, also where another variable reads it", () => {
  const second = part("b-c", {
    variables: [
      { name: "x", expression: "2" },
      { name: "y", expression: "variables.x + 1" },
    ],
    validations: [{ expression: "variables.y > variables.x", message: "m", messageExpression: "string(variables.x)" }],
  });
  const { variables, validations } = together([part("a", x("1")), second]);
  assert.deepEqual(variables, [
    { name: "x", expression: "1" },
    { name: "b_c_x", expression: "2" },
    { name: "y", expression: "variables.b_c_x + 1" },
  ]);
  assert.equal(validations[1]?.expression, "variables.y > variables.b_c_x");
  assert.equal(validations[1]?.messageExpression, "'b-c: ' + (string(variables.b_c_x))");
});

test("each message begins with the rule's id", () => {
  const { validations } = together([part("a", x("1")), part("b", x("1"))]);
  assert.deepEqual(
    validations.map(({ message }) => message),
    ["a: wrong", "b: wrong"],
  );
});

test("a rule holds where it is not asked of a subresource, or does not apply", () => {
  const asked = part("a", { validations: [{ expression: "false", message: "m" }], condition: "object.n > 1" }, [
    "resize",
  ]);
  const whole = compile(allHold(together([asked])));
  const judge = (subResource: string, n: bigint) => whole.value({ request: { subResource }, object: { n } });
  assert.equal(judge("resize", 2n), true);
  assert.equal(judge("", 1n), true);
  assert.equal(judge("", 2n), false);
});

test("one expression says whether all validations hold", () => {
  const text = {
    variables: [
      { name: "n", expression: "object.n" },
      { name: "m", expression: "variables.n + 1" },
    ],
    validations: [
      { expression: "variables.n > 0", message: "" },
      { expression: "variables.m < 5 || variables.n == 9", message: "" },
    ],
  };
  const all = compile(allHold(text));
  const holding = [-1n, 0n, 1n, 3n, 4n, 9n].filter((n) => all.value({ object: { n } }) === true);
  assert.deepEqual(holding, [1n, 3n, 9n]);
});

test("only what is asked where there is a namespace reads it", () => {
  const pods = loadRules().filter(({ match, gates }) => match.subject === "podSpec" && gates.includes("admission"));
  const reading = pods.filter((rule) =>
    readsNamespace(admissionText(rule, resolveParams(rule, undefined, FACTS).values)),
  );
  assert.deepEqual(
    reading.map(({ id }) => id),
    ["personal-data-pods-in-region"],
  );
});
