import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import * as yaml from "js-yaml";
import { renderConfigRepo } from "../../gitops/render";
import { checkFiles, of } from "../check/support/check-files";
import { loadRules, rulesDirectory } from "../engine/load";
import { RECONCILER } from "../engine/match";
import { admissionPolicies } from "./generate";
import { type ApiServer, missing, startApiServer } from "./support/api-server";
import { Applier } from "./support/applier";
import type { Answer, Manifest } from "./support/client";
import { TestCluster } from "./support/cluster";
import { FACTS } from "./support/explained";
import { HOSTILE } from "./support/hostile";
import { ORDINARY } from "./support/ordinary";

const rightsFile = join(rulesDirectory(), "..", "..", "components", "agent", "files", "rbac.yaml");
const asked = new Set(HOSTILE.map(({ rule }) => rule));
// The server names one rule of several: those about images and sizes would speak first.
const isolation = loadRules().filter(({ id, category }) => category === "tenant-isolation" || asked.has(id));
const rights = yaml.loadAll(readFileSync(rightsFile, "utf8")) as Manifest[];
const [, , NAMESPACE = "", NAME = ""] = RECONCILER.split(":");

const BEYOND_ITS_RIGHTS: readonly (readonly [what: string, method: string, path: string])[] = [
  ["list the platform's Secrets", "GET", "/api/v1/namespaces/kube-system/secrets"],
  ["list the agent's Secrets", "GET", "/api/v1/namespaces/flux-system/secrets"],
  ["list all Secrets", "GET", "/api/v1/secrets"],
  ["watch Secrets", "GET", "/api/v1/namespaces/shop/secrets?watch=true"],
  ["list pods", "GET", "/api/v1/namespaces/shop/pods"],
  ["delete all Secrets of a namespace", "DELETE", "/api/v1/namespaces/shop/secrets"],
  ["run a command in a pod", "POST", "/api/v1/namespaces/shop/pods/x/exec?command=id&stdout=true"],
  ["attach to a pod", "POST", "/api/v1/namespaces/shop/pods/x/attach?stdout=true"],
  ["add an ephemeral container", "PATCH", "/api/v1/namespaces/shop/pods/x/ephemeralcontainers"],
  ["ask for a token", "POST", "/api/v1/namespaces/shop/serviceaccounts/x/token"],
  ["make a cluster role", "POST", "/apis/rbac.authorization.k8s.io/v1/clusterroles"],
  ["read a node", "GET", "/api/v1/nodes/control-1"],
];

for (const { what, rule, object } of HOSTILE) {
  it(`review refuses ${what}`, () => {
    const found = of(checkFiles({ "a.json": JSON.stringify(object) }), rule);
    assert.deepEqual(
      found.map(({ severity }) => severity),
      ["mandatory"],
    );
  });
}

it("review refuses the same in a List", () => {
  const list = { apiVersion: "v1", kind: "List", items: HOSTILE.map(({ object }) => object) };
  const report = checkFiles({ "a.json": JSON.stringify(list) });
  for (const rule of asked) {
    assert.ok(of(report, rule).length >= HOSTILE.filter((hostile) => hostile.rule === rule).length, rule);
  }
});

for (const object of ORDINARY) {
  it(`review has nothing of isolation against an ordinary ${object.kind}`, () => {
    const report = checkFiles({ "a.json": JSON.stringify(object) });
    assert.deepEqual(
      isolation.flatMap(({ id }) => of(report, id)),
      [],
    );
  });
}

describe("as the account that applies the repository", { skip: missing() ?? false, timeout: 300_000 }, () => {
  let server: ApiServer;
  let reconciler: Applier;

  before(async () => {
    server = await startApiServer();
    const { client } = server;
    for (const name of ["shop", "flux-system", "kube-public"]) {
      await client.mustCreate({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
    }
    for (const object of rights) await client.mustCreate(object);
    for (const namespace of ["kube-system", "shop"]) {
      await client.mustCreate({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "x", namespace } });
      await client.mustCreate({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "x", namespace } });
      await client.mustCreate(runningPod(namespace));
    }
    const role = {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "Role",
      metadata: { name: "x", namespace: "shop" },
    };
    await client.mustCreate({ ...role, rules: [] });
    // No controller is here to put together what `view` gives, and what gives nothing may always be given.
    const view = { rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch"] }] };
    const path = "/apis/rbac.authorization.k8s.io/v1/clusterroles/view";
    good(await client.send("PATCH", path, view, "application/merge-patch+json"));
    const policies = admissionPolicies(isolation, { stack: FACTS }, { action: "Deny" });
    assert.deepEqual([...(await new TestCluster(client).install(policies as never))], []);
    reconciler = new Applier(client, NAMESPACE, NAME);
  });
  after(async () => {
    reconciler?.close();
    await server?.stop();
  });

  for (const { what, rule, object } of HOSTILE) {
    it(`the cluster refuses ${what}`, async () => {
      const answer = await reconciler.apply(object, { dryRun: true });
      // A right that the account has not itself is refused before any rule is asked.
      if (!/attempting to grant RBAC permissions not currently held/.test(words(answer))) refused(answer, rule);
      assert.equal(answer.status, 403);
    });
  }

  for (const [what, method, path] of BEYOND_ITS_RIGHTS) {
    it(`the cluster does not let it ${what}`, async () => {
      const answer = await reconciler.client.send(method, path, bodyOf(method), contentType(method));
      assert.equal(answer.status, 403, words(answer));
      assert.match(words(answer), /cannot (get|list|watch|create|update|patch|delete|deletecollection) resource/);
    });
  }

  it("nor does the cluster let it delete there", async () => {
    refused(await reconciler.remove("/api/v1/namespaces/kube-system/configmaps/x"), "tenant-own-namespaces");
    refused(await reconciler.remove("/api/v1/namespaces/flux-system"), "tenant-own-namespaces");
  });

  it("the cluster takes the scaffold, and a second service, and lets it take them back", async () => {
    const region = "NO";
    const host = "payment.example.no";
    const values = {
      cluster: "local",
      registry: FACTS.registry.host,
      tag: "a".repeat(40),
      host,
      region,
      profile: "NO",
    };
    const manifests = renderConfigRepo(values)
      .filter(({ path }) => /production\/.*\.yaml$/.test(path) && !path.endsWith("kustomization.yaml"))
      .flatMap(({ content }) => yaml.loadAll(content) as Manifest[])
      .sort((a, b) => Number(b.kind === "Namespace") - Number(a.kind === "Namespace"));
    const second = JSON.parse(JSON.stringify(manifests).replaceAll("payment", "invoice")) as Manifest[];
    assert.ok(manifests.length > 8);
    await reconciler.cycle([...manifests, ...second]);
  });

  it("the cluster takes what is ordinary, of every kind that it may make", async () => {
    const kinds = new Set(ORDINARY.map(({ kind }) => String(kind)));
    await reconciler.cycle(ORDINARY);
    const mayMake = rights.flatMap((object) => (object.kind === "ClusterRole" ? resourcesOf(object) : []));
    assert.equal(kinds.size, mayMake.length - ["namespaces", "limitranges", "resourcequotas", "clusterroles"].length);
  });

  it("the cluster lets it write where tenants are, and others where they are not", async () => {
    const map = (namespace: string) => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "y", namespace } });
    good(await reconciler.apply(map("shop"), { dryRun: true }));
    good(await server.client.create(map("kube-system"), { dryRun: true }));
  });

  it("a pod that has its node may still be written to, and none is made with one", async () => {
    const path = "/api/v1/namespaces/shop/pods/x";
    const target = { apiVersion: "v1", kind: "Node", name: "worker-1" };
    const binding = { apiVersion: "v1", kind: "Binding", metadata: { name: "x", namespace: "shop" }, target };
    good(await server.client.send("POST", `${path}/binding`, binding));
    const labels = { metadata: { labels: { seen: "yes" } } };
    const { body } = good(await server.client.send("PATCH", path, labels, "application/merge-patch+json"));
    assert.equal((body.spec as Manifest).nodeName, "worker-1");
    const pod = runningPod("shop");
    const placed = {
      ...pod,
      metadata: { name: "z", namespace: "shop" },
      spec: { ...(pod.spec as object), nodeName: "a" },
    };
    refused(await server.client.create(placed, { dryRun: true }), "pod-isolated-from-node");
  });

  describe("with all rights, so that nothing leans on what it may not do today", () => {
    before(async () => {
      const metadata = { name: "everything-for-the-reconciler" };
      const apiVersion = "rbac.authorization.k8s.io/v1";
      const rules = [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }];
      const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: metadata.name };
      const subjects = [{ kind: "ServiceAccount", name: NAME, namespace: NAMESPACE }];
      await server.client.mustCreate({ apiVersion, kind: "ClusterRole", metadata, rules });
      await server.client.mustCreate({ apiVersion, kind: "ClusterRoleBinding", metadata, roleRef, subjects });
      const seen = async () => (await reconciler.client.send("GET", "/api/v1/secrets")).status === 200;
      for (let tries = 0; !(await seen()); tries++) {
        assert.ok(tries < 150, "the API server does not see the rights");
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    });

    for (const { what, rule, object } of HOSTILE) {
      it(`the cluster refuses ${what}`, async () => refused(await reconciler.apply(object, { dryRun: true }), rule));
    }

    it("the cluster lets it neither enter nor change a pod of the platform", async () => {
      const pod = "/api/v1/namespaces/kube-system/pods/x";
      refused(await reconciler.client.send("POST", `${pod}/exec?command=id&stdout=true`), "tenant-own-namespaces");
      refused(await reconciler.debug(pod, {}), "tenant-own-namespaces");
      refused(await reconciler.remove(pod), "tenant-own-namespaces");
      const token = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: {} };
      const account = "/api/v1/namespaces/kube-system/serviceaccounts/x/token";
      refused(await reconciler.client.send("POST", account, token), "tenant-own-namespaces");
    });

    it("nor a privileged container into a pod of its own", async () => {
      const pod = "/api/v1/namespaces/shop/pods/x";
      good(await reconciler.debug(pod, {}));
      refused(await reconciler.debug(pod, { privileged: true }), "pod-isolated-from-node");
    });
  });
});

const bodyOf = (method: string) => (["GET", "DELETE"].includes(method) ? undefined : {});
const contentType = (method: string) => (method === "PATCH" ? "application/merge-patch+json" : "application/json");
const words = ({ body }: Answer): string => String(body.message);

function good(answer: Answer): Answer {
  assert.ok(answer.status < 300, words(answer));
  return answer;
}

function refused(answer: Answer, rule: string): void {
  const named = new RegExp(`ValidatingAdmissionPolicy '(${rule}'|.* denied request: ${rule}: )`);
  assert.match(words(answer), named, `${answer.status}`);
  assert.equal(answer.status, 403);
}

function runningPod(namespace: string): Manifest {
  const spec = { containers: [{ name: "app", image: "registry.example.no/app:1.0" }] };
  return { apiVersion: "v1", kind: "Pod", metadata: { name: "x", namespace }, spec };
}

const resourcesOf = ({ rules }: Manifest): string[] =>
  (rules as { resources: string[] }[]).flatMap(({ resources }) => resources);
