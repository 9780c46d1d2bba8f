import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import * as yaml from "js-yaml";
import { renderConfigRepo } from "../../gitops/render";
import { checkFiles, of } from "../check/check-files";
import { loadRules, rulesDirectory } from "../engine/load";
import { RECONCILER } from "../engine/match";
import { admissionPolicies } from "./generate";
import { type ApiServer, missing, startApiServer } from "./support/api-server";
import type { Client, Manifest } from "./support/client";
import { TestCluster } from "./support/cluster";
import { FACTS } from "./support/explained";
import { HOSTILE } from "./support/hostile";

const rightsFile = join(rulesDirectory(), "..", "..", "components", "agent", "files", "rbac.yaml");
// The server names one rule of several: those about images and sizes would speak first.
const isolation = loadRules().filter(({ category }) => category === "tenant-isolation");
const rights = yaml.loadAll(readFileSync(rightsFile, "utf8")) as Manifest[];
const [, , NAMESPACE = "", NAME = ""] = RECONCILER.split(":");

for (const { what, rule, object } of HOSTILE) {
  it(`review refuses ${what}`, () => {
    const found = of(checkFiles({ "a.json": JSON.stringify(object) }), rule);
    assert.deepEqual(
      found.map(({ severity }) => severity),
      ["mandatory"],
    );
  });
}

describe("as the account that applies the repository", { skip: missing() ?? false, timeout: 300_000 }, () => {
  let server: ApiServer;
  let reconciler: Client;

  /** As Flux does it. */
  async function applied(object: Manifest) {
    const path = await server.client.pathOf(object);
    if ("why" in path) throw new Error(path.why);
    const { name } = object.metadata as { name: string };
    const query = "dryRun=All&force=true&fieldManager=kustomize-controller";
    return reconciler.send("PATCH", `${path.collection}/${name}?${query}`, object, "application/apply-patch+yaml");
  }

  before(async () => {
    server = await startApiServer();
    const { client } = server;
    for (const name of ["shop", "flux-system", "kube-public"]) {
      await client.mustCreate({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
    }
    for (const object of rights) await client.mustCreate(object);
    await client.mustCreate({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "x", namespace: "kube-system" } });
    await new TestCluster(client).install(admissionPolicies(isolation, { stack: FACTS }, { action: "Deny" }) as never);
    reconciler = client.as(NAMESPACE, NAME);
  });
  after(async () => {
    reconciler?.close();
    await server?.stop();
  });

  for (const { what, rule, object } of HOSTILE) {
    it(`the cluster refuses ${what}`, async () => {
      const { status, body } = await applied(object);
      assert.equal(status, 403, String(body.message));
      assert.ok(String(body.message).includes(`ValidatingAdmissionPolicy '${rule}'`), String(body.message));
    });
  }

  it("nor does the cluster let it delete there", async () => {
    const { status, body } = await reconciler.send("DELETE", "/api/v1/namespaces/kube-system/configmaps/x?dryRun=All");
    assert.equal(status, 403);
    assert.match(String(body.message), /'tenant-own-namespaces'/);
  });

  it("the cluster takes the scaffold, and a second service", async () => {
    const region = "NO";
    const values = { cluster: "local", registry: FACTS.registry.host, tag: "a".repeat(40), region, profile: "NO" };
    const manifests = renderConfigRepo(values)
      .filter(({ path }) => /production\/.*\.yaml$/.test(path) && !path.endsWith("kustomization.yaml"))
      .flatMap(({ content }) => yaml.loadAll(content) as Manifest[]);
    const second = JSON.parse(JSON.stringify(manifests).replaceAll("payment", "invoice")) as Manifest[];
    await server.client.mustCreate({ apiVersion: "v1", kind: "Namespace", metadata: { name: "production" } });
    assert.ok(manifests.length > 8);
    for (const manifest of [...manifests, ...second]) {
      const { status, body } = await applied(manifest);
      assert.ok(status < 300, `${manifest.kind}: ${body.message}`);
    }
  });

  it("the cluster lets it write where tenants are, and others where they are not", async () => {
    const map = (namespace: string) => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "y", namespace } });
    const mine = await applied(map("shop"));
    assert.ok(mine.status < 300, String(mine.body.message));
    const admins = await server.client.create(map("kube-system"), { dryRun: true });
    assert.ok(admins.status < 300, String(admins.body.message));
  });
});
