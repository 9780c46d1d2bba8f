import * as assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Secret } from "../shared/value";
import { sealed } from "./secrecy";

describe("sealing a live object", () => {
  it("keeps secret what the program gave as secret", () => {
    const inputs = { data: { open: "1", hidden: new Secret("x") } };
    const live = { apiVersion: "v1", kind: "ConfigMap", data: { open: "1", hidden: "x" } };
    assert.deepEqual(sealed(live, inputs).data, { open: "1", hidden: new Secret("x") });
  });

  it("hides a whole list when one entry was secret, whatever its order", () => {
    const inputs = { spec: { env: [{ value: new Secret("x") }, { value: "y" }] } };
    const live = { spec: { env: [{ value: "y" }, { value: "x" }] } };
    assert.deepEqual(sealed(live, inputs), { spec: { env: new Secret([{ value: "y" }, { value: "x" }]) } });
  });

  it("hides a Secret's data without being asked", () => {
    const live = { apiVersion: "v1", kind: "Secret", data: { a: "eA==" } };
    assert.deepEqual(sealed(live, {}).data, new Secret({ a: "eA==" }));
  });
});
