import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { isQuantity, Quantity } from "./quantity";

/** Thousandths of the value, computed another way. */
const SCALE: Record<string, bigint> = {
  m: 1n,
  "": 1000n,
  k: 10n ** 6n,
  M: 10n ** 9n,
  G: 10n ** 12n,
  Ki: 1000n * 2n ** 10n,
  Mi: 1000n * 2n ** 20n,
  Gi: 1000n * 2n ** 30n,
};
const amount = fc.tuple(fc.integer({ min: -10_000, max: 10_000 }), fc.constantFrom(...Object.keys(SCALE)));
const text = ([n, suffix]: [number, string]): string => `${n}${suffix}`;
const thousandths = ([n, suffix]: [number, string]): bigint => BigInt(n) * (SCALE[suffix] ?? 0n);

describe("Quantity", () => {
  it("orders as whole numbers of thousandths do", () => {
    fc.assert(
      fc.property(amount, amount, (a, b) => {
        const [x, y] = [thousandths(a), thousandths(b)];
        assert.equal(Quantity.parse(text(a)).compareTo(Quantity.parse(text(b))), x < y ? -1 : x > y ? 1 : 0);
      }),
    );
  });

  it("adds and subtracts exactly", () => {
    fc.assert(
      fc.property(amount, amount, (a, b) => {
        const [x, y] = [Quantity.parse(text(a)), Quantity.parse(text(b))];
        assert.equal(x.add(y).compareTo(Quantity.parse(`${thousandths(a) + thousandths(b)}m`)), 0);
        assert.equal(x.add(y).sub(y).compareTo(x), 0);
      }),
    );
  });

  it("refuses an exponent that would only cost memory", () => assert.equal(isQuantity("1e999999999"), false));

  it("says what it wants", () => assert.throws(() => Quantity.parse("1GB"), /"1GB" is not a quantity: a number with/));
});
