import * as assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Context, Resource } from "../shared/provider";
import { type Properties, Secret } from "../shared/value";
import { randomBytes } from "./bytes";
import { generated } from "./generated";
import { randomPassword, randomString } from "./text";

const context = {} as Context;
const settings = { special: false, upper: false, keepers: { machines: "a b" } };

/** What would change if the program declared `inputs` where the state holds `kept`. */
async function changes(resource: Resource, kept: Properties, inputs: Properties) {
  const checked = await resource.check(inputs, kept, context);
  const old = { id: "none", inputs: kept, outputs: {} };
  return resource.diff(old, checked.inputs, context).changes.map(({ path }) => path.join("."));
}

describe("a value in the state", () => {
  it("is kept where the official provider made it, whose inputs hold no defaults", async () => {
    const bytes = generated(randomBytes);
    assert.deepEqual(await changes(bytes, { __defaults: [], length: 32 }, { length: 32 }), []);
    const password = generated(randomPassword);
    const inputs = { length: 16, ...settings };
    assert.deepEqual(await changes(password, { __defaults: [], ...inputs }, inputs), []);
    assert.deepEqual(await changes(password, { __defaults: [], ...inputs }, { ...inputs, upper: true }), ["upper"]);
    const others = { ...inputs, keepers: { machines: "a c" } };
    assert.deepEqual(await changes(password, inputs, others), ["keepers.machines"]);
  });

  it("has the outputs of which the official provider tells that nothing changed", async () => {
    const work = { preview: false, timeoutMs: undefined };
    for (const generator of [randomString, randomPassword]) {
      const resource = generated(generator);
      const { inputs } = await resource.check({ length: 8, numeric: false, ...settings }, {}, context);
      const { id, outputs } = await resource.create(inputs, work, context);
      assert.equal(outputs.id, id);
      assert.equal(outputs.number, false);
      assert.equal(outputs.numeric, false);
      assert.equal(outputs.minLower, 0);
      assert.equal(outputs.result instanceof Secret, generator === randomPassword);
    }
    const { outputs } = await generated(randomBytes).create({ length: 8 }, work, context);
    assert.deepEqual(Object.keys(outputs).sort(), ["base64", "hex", "length"]);
    assert.ok(outputs.base64 instanceof Secret && outputs.hex instanceof Secret);
  });
});
