import assert from "node:assert/strict";
import { test } from "node:test";
import { checkFiles, deployment } from "./support/check-files";

const reasons = (text: string): string[] => checkFiles({ "a.yaml": text }).passedOver.map(({ reason }) => reason);

test("where only the group is why no rule applies, the group is named", () => {
  assert.deepEqual(reasons(deployment("a").replace("apps/v1", "extensions/v1beta1")), [
    "no rule is about Deployment of extensions/v1beta1; there are rules about Deployment of apps",
  ]);
  const [service] = reasons("{ apiVersion: example.org/v1, kind: Service, metadata: { name: a, namespace: shop } }");
  assert.match(service ?? "", /about Service of example.org\/v1; .* of the core group, serving.knative.dev$/);
});

test("a kind that no rule knows in any group is said to be one", () => {
  const [gadget] = reasons("{ apiVersion: example.org/v1, kind: Gadget, metadata: { name: a, namespace: shop } }");
  assert.equal(gadget, "no rule is about Gadget by itself");
});
