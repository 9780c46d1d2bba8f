import assert from "node:assert/strict";
import { test } from "node:test";
import { documentOf, kubernetesType, stackOfUrn } from "./resource";

test("a Pulumi type names the Kubernetes kind", () => {
  assert.deepEqual(kubernetesType("kubernetes:core/v1:Pod"), { apiVersion: "v1", kind: "Pod", patch: false });
  assert.deepEqual(kubernetesType("kubernetes:v1:Pod"), { apiVersion: "v1", kind: "Pod", patch: false });
  assert.deepEqual(kubernetesType("kubernetes:apps/v1:Deployment"), {
    apiVersion: "apps/v1",
    kind: "Deployment",
    patch: false,
  });
  assert.deepEqual(kubernetesType("kubernetes:source.toolkit.fluxcd.io/v1:GitRepository"), {
    apiVersion: "source.toolkit.fluxcd.io/v1",
    kind: "GitRepository",
    patch: false,
  });
  assert.equal(kubernetesType("kubernetes:apps/v1:DeploymentPatch")?.patch, true);
});

test("what is no object of the API server is none here", () => {
  for (const type of [
    "kubernetes:helm.sh/v3:Release",
    "kubernetes:yaml/v2:ConfigFile",
    "pulumi:providers:kubernetes",
    "command:remote:Command",
    "grunnmur:platform:Platform",
  ]) {
    assert.equal(kubernetesType(type), undefined, type);
  }
});

test("the type decides what an object is, not what its properties say", () => {
  const type = kubernetesType("kubernetes:core/v1:Pod");
  assert.ok(type);
  const properties = { values: { kind: "ConfigMap", metadata: { name: "a" } }, secrets: [] };
  assert.deepEqual(documentOf(type, "urn", properties).object, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "a" },
  });
});

test("a URN names its stack", () => {
  assert.equal(stackOfUrn("urn:pulumi:prod::grunnmur::grunnmur:platform:Platform::prod"), "prod");
});
