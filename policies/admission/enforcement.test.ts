import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { loadRules } from "../engine/load";
import { AdmissionError, admissionPolicies } from "./generate";
import { type ApiServer, missing, startApiServer } from "./support/api-server";
import type { Answer, Manifest } from "./support/client";
import { TestCluster } from "./support/cluster";
import { FACTS } from "./support/explained";

const rules = loadRules();
const REGISTRY = FACTS.registry.host;
const SHOP = "/api/v1/namespaces/shop/pods";

const resources = {
  requests: { cpu: "100m", memory: "64Mi" },
  limits: { cpu: "500m", memory: "128Mi", "ephemeral-storage": "64Mi" },
};
const { memory: _none, ...withoutMemory } = resources.limits;
const unlimited = { ...resources, limits: withoutMemory };
const container = (more: Manifest = {}): Manifest => ({
  name: "app",
  image: `${REGISTRY}/app:1.4.2`,
  resources,
  ...more,
});

function pod(name: string, spec: Manifest = { containers: [container()] }, metadata: Manifest = {}): Manifest {
  return { apiVersion: "v1", kind: "Pod", metadata: { name, namespace: "shop", ...metadata }, spec };
}

function deployment(name: string, containers: Manifest[], metadata: Manifest = {}): Manifest {
  const labels = { app: name };
  const spec = {
    replicas: 1,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers } },
  };
  return { apiVersion: "apps/v1", kind: "Deployment", metadata: { name, namespace: "shop", ...metadata }, spec };
}

function refusedBy(answer: Answer, rule: string, message: string): void {
  const said = String(answer.body.message);
  assert.equal(answer.status, 403, said);
  assert.match(
    said,
    new RegExp(`ValidatingAdmissionPolicy '(${rule}' .*denied request: |.*denied request: ${rule}: )`),
  );
  assert.ok(said.includes(message), said);
}

const accepted = ({ status, body, warnings }: Answer): void => {
  assert.ok(status < 300, String(body.message));
  assert.deepEqual(warnings, []);
};

describe("parameters", () => {
  it("without a value are an error, not a rule left out", () => {
    const needy = rules.filter(
      ({ gates, params }) => gates.includes("admission") && Object.values(params).some((p) => p.default === undefined),
    );
    if (needy.length === 0) return;
    assert.throws(() => admissionPolicies(needy, {}, { action: "Deny" }), AdmissionError);
  });
});

describe("a cluster with the rules", { skip: missing() ?? false, timeout: 300_000 }, () => {
  let server: ApiServer;
  let send: ApiServer["client"]["send"];

  before(async () => {
    server = await startApiServer();
    const { client } = server;
    send = client.send.bind(client);
    for (const name of ["shop", "production"]) {
      const labels = { "grunnmur.internal/personal-data": "false" };
      await client.mustCreate({ apiVersion: "v1", kind: "Namespace", metadata: { name, labels } });
    }
    // From before there were rules.
    await client.mustCreate(
      deployment("old", [container({ resources: unlimited })], { finalizers: ["example.no/hold"] }),
    );
    await client.mustCreate(pod("running"));
    await new TestCluster(client).install(admissionPolicies(rules, { stack: FACTS }, { action: "Deny" }) as never);
  });
  after(() => server?.stop());

  it("refuses a Deployment without a memory limit, in the rule's words", async () => {
    const answer = await server.client.create(deployment("bad", [container({ resources: unlimited })]));
    refusedBy(answer, "memory-limit", "container app has no memory limit");
  });

  it("lets a Deployment in that keeps to the rules", async () => {
    accepted(await server.client.create(deployment("good", [container()])));
  });

  it("leaves the platform's own namespaces out", async () => {
    const answer = await server.client.create(
      pod("anything", { containers: [{ name: "a", image: "a" }] }, { namespace: "kube-system" }),
    );
    assert.ok(answer.status < 300, String(answer.body.message));
  });

  it("warns of what breaks an advisory rule", async () => {
    const image = `${REGISTRY}/app:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b`;
    const answer = await server.client.create(
      deployment("single", [container({ image })], { namespace: "production" }),
    );
    assert.ok(answer.status < 300, String(answer.body.message));
    assert.match(answer.warnings.join("\n"), /: replicas-and-budget: .* at least 2 in production/);
  });

  it("refuses an image without a tag in a debug container, and takes one with", async () => {
    const { body } = await send("GET", `${SHOP}/running`);
    const debug = (image: string) =>
      send("PUT", `${SHOP}/running/ephemeralcontainers?dryRun=All`, {
        ...body,
        spec: { ...(body.spec as Manifest), ephemeralContainers: [{ name: "debug", image }] },
      });
    refusedBy(await debug(`${REGISTRY}/debug`), "image-pinned", "container debug");
    accepted(await debug(`${REGISTRY}/debug:1`));
  });

  it("refuses a resize in place above the cap, and takes one below", async () => {
    const resize = (memory: string) =>
      send(
        "PATCH",
        `${SHOP}/running/resize?dryRun=All`,
        { spec: { containers: [{ name: "app", resources: { requests: { memory }, limits: { memory } } }] } },
        "application/strategic-merge-patch+json",
      );
    refusedBy(await resize("65Gi"), "container-size", "larger than 16 CPU and 64Gi");
    accepted(await resize("256Mi"));
  });

  it("lets what is being deleted lose its finalizer, and nothing else about it change", async () => {
    const path = "/apis/apps/v1/namespaces/shop/deployments/old";
    const patch = (change: Manifest) => send("PATCH", path, change, "application/merge-patch+json");
    refusedBy(await patch({ metadata: { labels: { touched: "yes" } } }), "memory-limit", "no memory limit");
    await send("DELETE", path);
    refusedBy(await patch({ spec: { replicas: 2 } }), "memory-limit", "no memory limit");
    accepted(await patch({ metadata: { finalizers: null } }));
    assert.equal((await send("GET", path)).status, 404);
  });

  it("judges a pod alike on both sides of what one condition may cost", async () => {
    const few = (count: number, more: Manifest = {}) =>
      Array.from({ length: count }, (_none, index) => container({ name: `app-${index}`, ...more }));
    const env = (count: number) => ({
      env: Array.from({ length: count }, (_n, at) => ({ name: `V${at}`, value: "x" })),
    });
    const volumes = (count: number) =>
      Array.from({ length: count }, (_n, at) => ({ name: `v${at}`, emptyDir: { sizeLimit: "1Mi" } }));
    const specs: Manifest[] = [
      ...[16, 17].map((count) => ({ containers: few(count) })),
      ...[64, 65].map((count) => ({ containers: few(16, env(count)) })),
      ...[32, 33].map((count) => ({ containers: few(16), volumes: volumes(count) })),
    ];
    for (const spec of specs) {
      accepted(await server.client.create(pod("edge", spec), { dryRun: true }));
      const [first = {}, ...others] = spec.containers as Manifest[];
      const broken = { ...spec, containers: [...others, { ...first, resources: unlimited }] };
      refusedBy(await server.client.create(pod("edge", broken), { dryRun: true }), "memory-limit", "no memory limit");
    }
  });

  it("has room for large pods below the API server's limit on cost", async (t) => {
    const many = (count: number) =>
      Array.from({ length: count }, (_none, index) => {
        const name = `app-${index}`;
        return container({
          name,
          env: Array.from({ length: 20 }, (_n, at) => ({ name: `V${at}`, value: "x".repeat(40) })),
        });
      });
    const largest = [50, 100, 200, 400];
    for (const count of largest) {
      const began = Date.now();
      const { status, body } = await server.client.create(deployment(`large-${count}`, many(count)), { dryRun: true });
      t.diagnostic(
        `${count} containers, ${Date.now() - began} ms: ${status < 300 ? "judged" : String(body.message).slice(0, 300)}`,
      );
      if (count <= 100) assert.ok(status < 300, String(body.message));
    }
  });
});
