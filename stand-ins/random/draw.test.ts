import * as assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { draw, type Rules, rulesProblem } from "./draw";

const ruleSets: fc.Arbitrary<Rules> = fc.record({
  length: fc.integer({ min: 1, max: 40 }),
  ...{ lower: fc.boolean(), upper: fc.boolean(), numeric: fc.boolean(), special: fc.boolean() },
  ...{ minLower: fc.nat(5), minUpper: fc.nat(5), minNumeric: fc.nat(5), minSpecial: fc.nat(5) },
  overrideSpecial: fc.constantFrom("", "_.", "~"),
});

function amount(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}

describe("drawing a string", () => {
  it("obeys every rule that can be obeyed", () => {
    fc.assert(
      fc.property(ruleSets, (rules) => {
        fc.pre(rulesProblem(rules) === undefined);
        const text = draw(rules);
        const special = rules.overrideSpecial || "!@#$%&*()-_=+[]{}<>:?";
        const counts = [
          { count: amount(text, /[a-z]/g), allowed: rules.lower, minimum: rules.minLower },
          { count: amount(text, /[A-Z]/g), allowed: rules.upper, minimum: rules.minUpper },
          { count: amount(text, /[0-9]/g), allowed: rules.numeric, minimum: rules.minNumeric },
          {
            count: [...text].filter((one) => special.includes(one)).length,
            allowed: rules.special,
            minimum: rules.minSpecial,
          },
        ];
        assert.equal(text.length, rules.length);
        assert.equal(
          counts.reduce((sum, { count }) => sum + count, 0),
          text.length,
        );
        for (const { count, allowed, minimum } of counts) {
          assert.ok(count >= minimum);
          if (!allowed) assert.equal(count, minimum);
        }
      }),
    );
  });

  it("does not always put the minimum characters first", () => {
    const rules = { ...plain, length: 30, minNumeric: 1, numeric: false };
    const firsts = Array.from({ length: 50 }, () => draw(rules).charAt(0));
    assert.ok(firsts.some((first) => !/[0-9]/.test(first)));
  });

  it("says why rules cannot be obeyed", () => {
    assert.match(rulesProblem({ ...plain, length: 0 })?.reason ?? "", /"length" is 0/);
    assert.match(rulesProblem({ ...plain, length: 3, minLower: 4 })?.reason ?? "", /less than the 4/);
    const none = { ...plain, lower: false, upper: false, numeric: false, special: false };
    assert.match(rulesProblem(none)?.reason ?? "", /no characters are left/);
  });
});

const plain: Rules = {
  length: 8,
  ...{ lower: true, upper: true, numeric: true, special: true },
  ...{ minLower: 0, minUpper: 0, minNumeric: 0, minSpecial: 0 },
  overrideSpecial: "",
};
