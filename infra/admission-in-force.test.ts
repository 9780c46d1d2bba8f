import assert from "node:assert/strict";
import { test } from "node:test";
import { lastPolicy } from "../components/admission/in-force";
import { missing, startApiServer } from "../policies/admission/support/api-server";

const options = { skip: missing() ?? false, timeout: 300_000 };

test("an API server refuses the probe in the end, and no other ConfigMap", options, async (t) => {
  const { client, stop } = await startApiServer();
  t.after(stop);
  const { objects, probe } = lastPolicy([]);
  const path = "/api/v1/namespaces/default/configmaps?dryRun=All";
  const send = (object: object) => client.send("POST", path, object as never);
  for (const object of objects) await client.mustCreate(object as never);
  let answer = await send(probe.object);
  for (let tries = 0; tries < 150 && answer.status !== 403; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    answer = await send(probe.object);
  }
  assert.match(String(answer.body.message), /ValidatingAdmissionPolicy 'grunnmur-in-force' .*denied request/);
  const other = { ...probe.object, metadata: { ...probe.object.metadata, name: "other" } };
  assert.equal((await send(other)).status, 201);
});
