import assert from "node:assert/strict";
import { test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { secretManifest } from "./secret";

test("a Secret has what it is given and nothing that it was given before, in secret", async () => {
  const entries = pulumi.output({ "a.key": "old", "b.key": pulumi.output("æ") });
  const manifest = secretManifest("keys", "flux-system", "Opaque", entries) as { data: pulumi.Output<object> };
  assert.deepEqual(Object.keys(manifest), ["apiVersion", "kind", "metadata", "type", "data"]);
  assert.equal(await pulumi.isSecret(manifest.data), true);
  const data = await new Promise((resolve) => manifest.data.apply(resolve));
  assert.deepEqual(data, { "a.key": "b2xk", "b.key": "w6Y=" });
});
