import * as assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Path } from "../shared/diff";
import { isImmutable } from "./immutable";

const closed = { configMaps: false, secrets: false };
const open = { configMaps: true, secrets: true };
const deployment = { apiVersion: "apps/v1", kind: "Deployment" };
const replaces = (kind: { apiVersion: string; kind: string }, path: Path, mutable = closed) =>
  isImmutable(kind, { path, kind: "update" }, mutable);

describe("what makes a new object", () => {
  it("is a new name or namespace of anything", () => {
    assert.ok(replaces({ apiVersion: "example.org/v1", kind: "Thing" }, ["metadata", "name"]));
    assert.ok(replaces(deployment, ["metadata", "namespace"]));
    assert.ok(!replaces(deployment, ["metadata", "labels", "name"]));
  });

  it("is a field that the API server never changes, or a part or a parent of it", () => {
    assert.ok(replaces(deployment, ["spec", "selector", "matchLabels", "app"]));
    assert.ok(replaces(deployment, ["spec"]));
    assert.ok(!replaces(deployment, ["spec", "selectors"]));
    assert.ok(!replaces(deployment, ["spec", "replicas"]));
    assert.ok(!replaces({ apiVersion: "example.org/v1", kind: "Deployment" }, ["spec", "selector"]));
  });

  it("is new data, unless the provider was told that data may change", () => {
    for (const kind of ["ConfigMap", "Secret"]) {
      assert.ok(replaces({ apiVersion: "v1", kind }, ["data", "a"]));
      assert.ok(!replaces({ apiVersion: "v1", kind }, ["data", "a"], open));
    }
    assert.ok(replaces({ apiVersion: "v1", kind: "Secret" }, ["type"], open));
  });
});
