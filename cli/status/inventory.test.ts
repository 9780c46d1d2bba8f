import assert from "node:assert/strict";
import { test } from "node:test";
import { inventory } from "./inventory";

test("an inventory reads as kind, namespace and name", () => {
  const ids = [
    "production_payment-service_apps_Deployment",
    "_production__Namespace",
    "production_containers__LimitRange",
    "_system__reader_rbac.authorization.k8s.io_ClusterRole",
  ];
  assert.deepEqual(inventory(ids.map((id) => ({ id, v: "v1" }))), [
    "ClusterRole.rbac.authorization.k8s.io system:reader",
    "Deployment.apps production/payment-service",
    "LimitRange production/containers",
    "Namespace production",
  ]);
});

test("an entry of no known form is shown as it is, not left out", () => {
  assert.deepEqual(inventory([{ id: "odd", v: "v1" }]), ["odd"]);
});
