import * as assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { NotReady } from "../shared/failure";
import type { Context } from "../shared/provider";
import { type Properties, Secret, unknown } from "../shared/value";
import { Cluster } from "./cluster";
import { type FakeApi, fakeApi } from "./fake-api";
import { kubernetesResource } from "./resource";
import { readSettings } from "./settings";

const now = { preview: false, timeoutMs: 500 };
const configMap = { apiVersion: "v1", kind: "ConfigMap" };
const deployment = { apiVersion: "apps/v1", kind: "Deployment" };

describe("a kubernetes object", () => {
  let api: FakeApi;
  let warnings: string[];
  let context: Context;
  beforeEach(async () => {
    api = await fakeApi();
    warnings = [];
    const log = { progress: () => {}, warning: (message: string) => warnings.push(message) };
    context = { urn: "urn", type: "type", name: "one", log, signal: new AbortController().signal };
  });
  afterEach(() => api.close());

  function resource(kind: { apiVersion: string; kind: string }, config: Properties = {}) {
    const settings = readSettings({ kubeconfig: api.kubeconfig, ...config });
    const cluster = new Cluster(settings);
    return kubernetesResource(kind, () => ({ settings, cluster }));
  }

  it("is applied by the server under one field manager, and kept without managedFields", async () => {
    const inputs = {
      ...configMap,
      metadata: { name: "a", namespace: "team" },
      data: { k: new Secret("v"), none: null },
    };
    const { id, outputs } = await resource(configMap).create(inputs, now, context);
    assert.equal(id, "team/a");
    assert.deepEqual(outputs.data, { k: new Secret("v") });
    assert.equal((outputs.metadata as Properties).managedFields, undefined);
    assert.match(
      api.changes.join(),
      /^PATCH \/api\/v1\/namespaces\/team\/configmaps\/a\?fieldManager=pulumi-kubernetes&force=false/,
    );
  });

  it("goes to the provider's namespace when it names none", async () => {
    const inputs = { ...configMap, metadata: { name: "a" } };
    const { id } = await resource(configMap, { namespace: "team" }).create(inputs, now, context);
    assert.equal(id, "team/a");
  });

  it("is not taken over when it exists, unless that is wanted", async () => {
    const inputs = { ...configMap, metadata: { name: "a", namespace: "team" } };
    await resource(configMap).create(inputs, now, context);
    await assert.rejects(
      resource(configMap).create(inputs, now, context),
      /team\/a exists already.*upsertExistingObjects/,
    );
    await resource(configMap, { upsertExistingObjects: "true" }).create(inputs, now, context);
  });

  it("is only foreseen in a preview, even when much is unknown", async () => {
    const inputs: Properties = { ...configMap, metadata: { name: unknown }, data: { k: unknown } };
    const { outputs } = await resource(configMap).create(inputs, { ...now, preview: true }, context);
    assert.equal((outputs.metadata as Properties).uid, unknown);
    assert.deepEqual(outputs.data, { k: unknown });
    assert.deepEqual(api.changes, []);
  });

  it("waits for a server that is starting", async () => {
    api.failing = 3;
    await resource(configMap).create({ ...configMap, metadata: { name: "a" } }, now, context);
    assert.equal(api.objects.size, 1);
  });

  it("stays in the state when it does not become ready, with what its pods say", async () => {
    const spec = { replicas: 2, selector: { matchLabels: { app: "x" } } };
    const inputs = { ...deployment, metadata: { name: "stuck", namespace: "team" }, spec };
    await assert.rejects(resource(deployment).create(inputs, now, context), (error: NotReady) => {
      assert.ok(error instanceof NotReady);
      assert.equal(error.id, "team/stuck");
      assert.match(
        error.message,
        /0 of 2 replicas are available\npod stuck-1: container app is waiting: ImagePullBackOff/,
      );
      return true;
    });
  });

  it("is not waited for when told so", async () => {
    const annotations = { "pulumi.com/skipAwait": "true" };
    const inputs = { ...deployment, metadata: { name: "stuck", annotations }, spec: { replicas: 1 } };
    await resource(deployment).create(inputs, now, context);
  });

  it("shows drift when it is read, and is gone when it is gone", async () => {
    const inputs = { ...configMap, metadata: { name: "a", namespace: "team" }, data: { k: "v" } };
    const { id, outputs } = await resource(configMap).create(inputs, now, context);
    const path = "/api/v1/namespaces/team/configmaps/a";
    api.objects.set(path, { ...api.objects.get(path), data: { k: "changed", other: "x" } });
    const found = await resource(configMap).read({ id, inputs, outputs }, context);
    assert.deepEqual(found?.inputs.data, { k: "changed" });
    api.objects.delete(path);
    assert.equal(await resource(configMap).read({ id, inputs, outputs }, context), undefined);
  });

  it("can be deleted twice", async () => {
    const inputs = { ...configMap, metadata: { name: "a", namespace: "team" } };
    const { id, outputs } = await resource(configMap).create(inputs, now, context);
    await resource(configMap).delete({ id, inputs, outputs }, now, context);
    assert.equal(api.objects.size, 0);
    await resource(configMap).delete({ id, inputs, outputs }, now, context);
  });

  it("is dropped with its cluster when that is wanted, and not otherwise", async () => {
    const inputs = { ...configMap, metadata: { name: "a", namespace: "team" } };
    const { id, outputs } = await resource(configMap).create(inputs, now, context);
    await api.close();
    const settings = readSettings({ kubeconfig: api.kubeconfig, deleteUnreachable: "true" });
    const cluster = new Cluster(settings);
    cluster.lost = true;
    await kubernetesResource(configMap, () => ({ settings, cluster })).delete({ id, inputs, outputs }, now, context);
    assert.match(warnings.join(), /ECONNREFUSED: dropped from the state/);
  });

  it("does not say what was secret when it is refused", async () => {
    const inputs = { ...configMap, metadata: { name: new Secret("hunter2") } };
    await resource(configMap).create(inputs, now, context);
    await assert.rejects(
      resource(configMap).create(inputs, now, context),
      /^Error: ConfigMap \[secret\] exists already/,
    );
  });

  it("gets a name of its own, and keeps it", async () => {
    const { inputs } = await resource(configMap).check({ metadata: { labels: {} } }, {}, context);
    const metadata = inputs.metadata as Properties;
    assert.match(String(metadata.name), /^one-[0-9a-f]{8}$/);
    const again = await resource(configMap).check({ metadata: {} }, inputs, context);
    assert.equal((again.inputs.metadata as Properties).name, metadata.name);
  });

  it("is deleted before it is replaced only when both have one name", () => {
    const named = (name: string) => ({ ...configMap, metadata: { name, namespace: "team" }, data: { k: name } });
    const old = { id: "team/a", inputs: named("a"), outputs: named("a") };
    const changed = resource(configMap).diff(old, { ...named("a"), data: { k: "b" } }, context);
    assert.equal(changed.deleteBeforeReplace, true);
    assert.ok(changed.changes.every(changed.replaces));
    assert.equal(resource(configMap).diff(old, named("b"), context).deleteBeforeReplace, false);
  });
});
