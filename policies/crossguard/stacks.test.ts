import assert from "node:assert/strict";
import { test } from "node:test";
import { fromStackFile, parseStack } from "../../stacks/load";
import { loadRules } from "../engine/load";
import { PLATFORM } from "./resource";
import { Run } from "./run";
import { STACK_FIXTURES, STATE, type StackFixture, stackFile } from "./stack-fixtures";

const TODAY = "2026-11-23";
const RULES = loadRules().filter(({ gates, match }) => gates.includes("crossguard") && match.subject === "stack");

function judge(stack: string, { edits = [], state = STATE, applies = [] }: Partial<StackFixture> = {}) {
  // What the engine sends has no undefined in it.
  const values = JSON.parse(JSON.stringify(parseStack(fromStackFile(stackFile(stack, edits)), stack))) as Record<
    string,
    unknown
  >;
  const run = new Run(TODAY, JSON.stringify(state));
  run.see(PLATFORM, "urn", values, undefined);
  for (const object of applies) run.see("kubernetes", object.kind, {}, { object, source: object.kind });
  return RULES.flatMap((rule) => {
    const { violations, obligations } =
      applies.length > 0 ? run.judgeTogether(rule, {}) : run.judgeStack(rule, {}, rule.implementation !== undefined);
    return [...violations, ...obligations];
  });
}

for (const stack of ["prod", "local"]) {
  test(`the shipped ${stack} stack passes, and leaves nothing open`, () => {
    assert.deepEqual(judge(stack), []);
  });
}

test("every rule on the stack has a stack that it refuses", () => {
  assert.deepEqual(Object.keys(STACK_FIXTURES).sort(), RULES.map(({ id }) => id).sort());
});

for (const [id, fixture] of Object.entries(STACK_FIXTURES)) {
  test(`${id} refuses a stack, with the value and the remedy`, () => {
    const found = judge("prod", fixture).filter(({ rule }) => rule === id);
    assert.equal(found.length, 1, `${id} refuses nothing`);
    assert.match(found[0]?.message ?? "", fixture.says);
    assert.ok(found[0]?.remedy);
  });
}
