import * as assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compare, pathText } from "./diff";
import { Secret, unknown } from "./value";

function texts(olds: Parameters<typeof compare>[0], news: Parameters<typeof compare>[1]): string[] {
  return compare(olds, news).map(({ kind, path }) => `${kind} ${pathText(path)}`);
}

describe("comparing properties", () => {
  it("names every smallest place that differs", () => {
    const olds = { spec: { ports: [{ port: 1 }, { port: 2 }], gone: "x" }, same: [1] };
    const news = { spec: { ports: [{ port: 1 }, { port: 3 }, { port: 4 }], new: "y" }, same: [1] };
    assert.deepEqual(texts(olds, news), [
      "delete spec.gone",
      "add spec.new",
      "update spec.ports[1].port",
      "add spec.ports[2]",
    ]);
  });

  it("takes absent and null for the same", () => {
    assert.deepEqual(texts({ a: null }, {}), []);
    assert.deepEqual(texts({}, { a: null }), []);
  });

  it("is blind to secret marks, but sees a changed secret", () => {
    assert.deepEqual(texts({ a: { b: "x" } }, { a: new Secret({ b: "x" }) }), []);
    assert.deepEqual(texts({ a: new Secret("x") }, { a: new Secret("y") }), ["update a"]);
  });

  it("takes an unknown value for a change", () => {
    assert.deepEqual(texts({ a: "x" }, { a: unknown }), ["update a"]);
  });

  it("sees a changed type", () => {
    assert.deepEqual(texts({ a: [1] }, { a: { 0: 1 } }), ["update a"]);
  });
});

describe("a path as text", () => {
  it("quotes keys that are no plain names", () => {
    assert.equal(
      pathText(["metadata", "labels", "app.kubernetes.io/name"]),
      'metadata.labels["app.kubernetes.io/name"]',
    );
  });
});
