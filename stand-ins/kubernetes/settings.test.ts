import * as assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Secret, unknown } from "../shared/value";
import { loadKubeconfig } from "./kubeconfig";
import { checkSettings, diffSettings, readSettings } from "./settings";

function kubeconfig(server: string, token = "hunter2"): string {
  return JSON.stringify({
    clusters: [{ name: "c", cluster: { server, "certificate-authority-data": "Y2E=" } }],
    users: [{ name: "u", user: { token } }],
    contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
    "current-context": "x",
  });
}
const here = { kubeconfig: kubeconfig("https://127.0.0.1:6443") };
const there = { kubeconfig: kubeconfig("https://127.0.0.2:6443") };

/** The settings whose change makes a new provider, and with it new objects. */
function replacing(...[olds, news]: Parameters<typeof diffSettings>): string[] {
  const { changes, replaces } = diffSettings(olds, news);
  return changes.filter(replaces).map(({ path }) => String(path[0]));
}

describe("changed settings", () => {
  it("mean another cluster when its address changes, not when a credential does", () => {
    assert.deepEqual(replacing(here, there), ["kubeconfig"]);
    assert.deepEqual(replacing(here, { kubeconfig: kubeconfig("https://127.0.0.1:6443", "new") }), []);
    assert.deepEqual(replacing(here, { ...here, deleteUnreachable: "true" }), []);
  });

  it("mean another cluster when that is not known yet", () => {
    assert.deepEqual(replacing(here, { kubeconfig: unknown }), ["kubeconfig"]);
  });

  it("leave it to the cluster's identifier when there is one", () => {
    const one = { clusterIdentifier: "one" };
    assert.deepEqual(replacing({ ...here, ...one }, { kubeconfig: unknown, ...one }), []);
    assert.deepEqual(replacing({ ...here, ...one }, { ...there, ...one }), []);
    assert.deepEqual(replacing({ ...here, ...one }, { ...here, clusterIdentifier: "two" }), ["clusterIdentifier"]);
  });
});

describe("settings", () => {
  it("are read from the text that the SDK sends", () => {
    const settings = readSettings({
      kubeconfig: new Secret("x"),
      deleteUnreachable: "true",
      enablePatchForce: "false",
    });
    assert.equal(settings.access.kubeconfig, "x");
    assert.deepEqual([settings.deleteUnreachable, settings.patchForce], [true, false]);
  });

  it("that are not covered are refused", () => {
    const { failures } = checkSettings({ enableServerSideApply: "false", renderYamlToDirectory: "out" });
    assert.equal(failures?.length, 2);
  });
});

describe("a kubeconfig that cannot be used", () => {
  const access = { context: undefined, cluster: undefined };

  it("is told without being shown", () => {
    const broken = "{ token: hunter2";
    assert.throws(
      () => loadKubeconfig({ ...access, kubeconfig: broken }),
      (error: Error) => /neither the path/.test(error.message) && !error.message.includes("hunter2"),
    );
  });

  it("names the contexts that there are", () => {
    const wrong = { ...access, kubeconfig: here.kubeconfig, context: "y" };
    assert.throws(() => loadKubeconfig(wrong), /no context "y"; it has "x"/);
  });

  it("is named when it is a file that does not exist", () => {
    assert.throws(() => loadKubeconfig({ ...access, kubeconfig: "/no/such/kubeconfig" }), /\/no\/such\/kubeconfig/);
  });
});
