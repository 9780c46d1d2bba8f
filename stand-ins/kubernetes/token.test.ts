import * as assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readToken } from "./token";

describe("reading a type token", () => {
  it("knows built-in and custom kinds", () => {
    assert.deepEqual(readToken("kubernetes:core/v1:ConfigMap"), { apiVersion: "v1", kind: "ConfigMap" });
    assert.deepEqual(readToken("kubernetes:v1:ConfigMap"), { apiVersion: "v1", kind: "ConfigMap" });
    assert.deepEqual(readToken("kubernetes:apps/v1:Deployment"), { apiVersion: "apps/v1", kind: "Deployment" });
    const custom = { apiVersion: "source.toolkit.fluxcd.io/v1", kind: "GitRepository" };
    assert.deepEqual(readToken("kubernetes:source.toolkit.fluxcd.io/v1:GitRepository"), custom);
    assert.deepEqual(readToken("kubernetes:example.org/v1:AllowList")?.kind, "AllowList");
  });

  it("refuses what is no single object", () => {
    const refused = [
      "kubernetes:helm.sh/v3:Release",
      "kubernetes:helm.sh/v4:Chart",
      "kubernetes:yaml:ConfigFile",
      "kubernetes:yaml/v2:ConfigGroup",
      "kubernetes:kustomize/v2:Directory",
      "kubernetes:core/v1:SecretList",
      "kubernetes:rbac.authorization.k8s.io/v1:ClusterRolePatch",
      "random:index/randomBytes:RandomBytes",
    ];
    for (const type of refused) assert.equal(readToken(type), undefined, type);
  });
});
