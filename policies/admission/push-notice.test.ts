import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import * as yaml from "js-yaml";
import { rulesDirectory } from "../engine/load";
import { type ApiServer, missing, startApiServer } from "./support/api-server";
import type { Answer, Client, Manifest } from "./support/client";
import { TestCluster } from "./support/cluster";

const file = join(rulesDirectory(), "..", "..", "components", "agent", "files", "push-notice.yaml");
const objects = yaml.loadAll(readFileSync(file, "utf8")) as Manifest[];
const SOURCES = "/apis/source.toolkit.fluxcd.io/v1/namespaces/flux-system/gitrepositories";
const AT = "reconcile.fluxcd.io/requestedAt";

const source = (name: string): Manifest => ({
  apiVersion: "source.toolkit.fluxcd.io/v1",
  kind: "GitRepository",
  metadata: { name, namespace: "flux-system", labels: { own: "yes" }, annotations: { kept: "yes", [AT]: "before" } },
  spec: { url: "ssh://git@git.example.no/config.git", interval: "60s" },
});

/** What somebody with the Git server's certificate might try. */
const ATTACKS: readonly (readonly [what: string, change: Manifest])[] = [
  ["another repository", { spec: { url: "ssh://git@evil.example/config.git" } }],
  ["another branch", { spec: { ref: { branch: "mine" } } }],
  ["no more pulling", { spec: { suspend: true } }],
  ["another annotation", { metadata: { annotations: { other: "yes" } } }],
  ["another's annotation", { metadata: { annotations: { kept: "no" } } }],
  ["an annotation less", { metadata: { annotations: { kept: null } } }],
  ["a label", { metadata: { labels: { other: "yes" } } }],
  ["a label less", { metadata: { labels: null } }],
  ["a finalizer", { metadata: { finalizers: ["example.no/hold"] } }],
  ["an owner", { metadata: { ownerReferences: [{ apiVersion: "v1", kind: "ConfigMap", name: "x", uid: "x" }] } }],
  ["the notice, and another repository with it", { metadata: { annotations: { [AT]: "now" } }, spec: { url: "x" } }],
];

describe("as the Git server, which tells of pushes", { skip: missing() ?? false, timeout: 300_000 }, () => {
  let server: ApiServer;
  let git: Client;
  const patch = (change: Manifest, path = "flux-system"): Promise<Answer> =>
    git.send("PATCH", `${SOURCES}/${path}`, change, "application/merge-patch+json");

  before(async () => {
    server = await startApiServer();
    const { client } = server;
    await client.mustCreate({ apiVersion: "v1", kind: "Namespace", metadata: { name: "flux-system" } });
    await client.mustCreate(definition);
    const served = async () => {
      client.forgetKinds();
      return !("why" in (await client.pathOf(source("x"))));
    };
    for (let tries = 0; !(await served()); tries++) {
      assert.ok(tries < 150, "the API server does not serve the new kind");
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    for (const name of ["flux-system", "other"]) await client.mustCreate(source(name));
    assert.deepEqual([...(await new TestCluster(client).install(objects))], []);
    git = client.asUser("grunnmur:git-server");
  });
  after(async () => {
    git?.close();
    await server?.stop();
  });

  it("it sets the annotation by which the agent looks at once", async () => {
    const { status, body } = await patch({ metadata: { annotations: { [AT]: "now" } } });
    assert.equal(status, 200, String(body.message));
    assert.deepEqual((body.metadata as Manifest).annotations, { kept: "yes", [AT]: "now" });
  });

  for (const [what, change] of ATTACKS) {
    it(`it does not bring about ${what}`, async () => {
      const { status, body } = await patch(change);
      assert.equal(status, 403, String(body.message));
      assert.match(String(body.message), /ValidatingAdmissionPolicy 'push-notice' .*this object and nothing else/);
    });
  }

  it("it has no right to anything else", async () => {
    const answers = [
      await patch({ metadata: { annotations: { [AT]: "now" } } }, "other"),
      await patch({ status: {} }, "flux-system/status"),
      await git.send("GET", `${SOURCES}/flux-system`),
      await git.send("DELETE", `${SOURCES}/flux-system`),
      await git.send("POST", SOURCES, source("third")),
      await git.send("PATCH", `${SOURCES}/third?fieldManager=x`, source("third"), "application/apply-patch+yaml"),
      await git.send("GET", "/api/v1/namespaces/flux-system/secrets"),
    ];
    assert.deepEqual(
      answers.map(({ status }) => status),
      answers.map(() => 403),
    );
  });

  it("others are not held to it", async () => {
    const change = { metadata: { labels: { other: "yes" } } };
    const path = `${SOURCES}/flux-system?dryRun=All`;
    const { status } = await server.client.send("PATCH", path, change, "application/merge-patch+json");
    assert.equal(status, 200);
  });
});

const definition: Manifest = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "gitrepositories.source.toolkit.fluxcd.io" },
  spec: {
    group: "source.toolkit.fluxcd.io",
    scope: "Namespaced",
    names: { kind: "GitRepository", plural: "gitrepositories" },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
      },
    ],
  },
};
