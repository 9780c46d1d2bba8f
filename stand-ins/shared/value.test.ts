import * as assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import {
  containsUnknown,
  decodeObject,
  encodeObject,
  equal,
  type Properties,
  revealObject,
  Secret,
  unknown,
  type Value,
} from "./value";

const values: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<Value>(null, unknown, true, false),
    fc.string(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom("a", "b", "c"), tie("value"), { noNullPrototype: true }),
    tie("value").map((value) => new Secret(value)),
  ),
})).value;
const objects: fc.Arbitrary<Properties> = fc.dictionary(fc.constantFrom("x", "y"), values, { noNullPrototype: true });

describe("values on the wire", () => {
  it("come back as they went, secrets and unknown values too", () => {
    fc.assert(fc.property(objects, (object) => assert.deepEqual(decodeObject(encodeObject(object)), object)));
  });

  it("are unknown whatever type the engine thinks they have", () => {
    const bool = "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7";
    assert.deepEqual(decodeObject({ flag: bool }), { flag: unknown });
  });
});

describe("equality", () => {
  it("does not see secret marks", () => {
    assert.ok(equal({ a: new Secret([1, new Secret("x")]) }, { a: [1, "x"] }));
    assert.ok(!equal({ a: new Secret("x") }, { a: "y" }));
  });

  it("holds for nothing unknown", () => {
    assert.ok(!equal(unknown, unknown));
  });
});

describe("revealing", () => {
  it("leaves no secret mark behind", () => {
    fc.assert(
      fc.property(
        objects,
        (object) => !JSON.stringify(encodeObject(revealObject(object))).includes("1b47061264138c4ac30d75fd1eb44270"),
      ),
    );
  });

  it("finds unknown values inside secrets and lists", () => {
    assert.ok(containsUnknown({ a: [new Secret({ b: unknown })] }));
    assert.ok(!containsUnknown({ a: [new Secret({ b: 1 })] }));
  });
});
