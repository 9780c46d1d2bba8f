import * as assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Secret } from "../shared/value";
import { liveInputs, pruned } from "./live";

describe("the inputs as they are live", () => {
  it("show what somebody changed, and not what the server added", () => {
    const inputs = { spec: { replicas: 3, ports: [{ port: 80 }] }, stringData: new Secret({ a: "x" }) };
    const live = { spec: { replicas: 5, paused: false, ports: [{ port: 80, protocol: "TCP" }] }, status: {} };
    const expected = { spec: { replicas: 5, ports: [{ port: 80 }] }, stringData: new Secret({ a: "x" }) };
    assert.deepEqual(liveInputs(inputs, live), expected);
  });

  it("show a field that was taken away, and a list that has grown", () => {
    const live = { spec: { args: ["a", "b"] } };
    assert.deepEqual(liveInputs({ spec: { args: ["a"], gone: 1 } }, live), { spec: { args: ["a", "b"] } });
  });

  it("keep a secret secret", () => {
    const found = liveInputs({ data: { a: new Secret("x") } }, { data: { a: "changed" } });
    assert.deepEqual(found, { data: { a: new Secret("changed") } });
  });

  it("are the whole object when it is imported, without what the server writes", () => {
    const live = { metadata: { name: "a", uid: "u", resourceVersion: "1" }, spec: { n: 1 }, status: { ok: true } };
    assert.deepEqual(liveInputs({}, live), { metadata: { name: "a" }, spec: { n: 1 } });
  });
});

describe("an object for the state", () => {
  it("has no managedFields", () => {
    assert.deepEqual(pruned({ metadata: { name: "a", managedFields: [{}] } }), { metadata: { name: "a" } });
  });
});
