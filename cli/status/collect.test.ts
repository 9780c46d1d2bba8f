import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import type { Outputs } from "../outputs";
import { collect } from "./collect";
import { notReady } from "./report";

const ready = { conditions: [{ type: "Ready", status: "True" }] };
const pod = (name: string, created: string, imageID: string, namespace = "production") => ({
  metadata: { name, namespace, labels: { app: "payment" }, creationTimestamp: created },
  status: { containerStatuses: [{ name: "c", image: "i", imageID, ready: true, restartCount: 0 }] },
});
const deployment = (name: string, namespace: string) => ({
  metadata: { name, namespace },
  spec: {
    replicas: 3,
    selector: { matchLabels: { app: "payment" } },
    template: { spec: { containers: [{ name: "c", image: "registry/payment-service:tag" }] } },
  },
  status: { readyReplicas: 3 },
});

const answers: Record<string, unknown> = {
  "/version": { gitVersion: "v1.36.4", major: "1", minor: "36" },
  "/api/v1/nodes": {
    items: [
      { metadata: { name: "control-1" }, status: ready },
      { metadata: { name: "worker-1" }, status: { conditions: [{ type: "Ready", status: "Unknown" }] } },
    ],
  },
  "/api/v1/pods": {
    items: [
      pod("old", "2026-01-01T00:00:00Z", "registry/payment-service@sha256:old"),
      pod("new", "2026-01-02T00:00:00Z", "registry/payment-service@sha256:new"),
      pod("starting", "2026-01-03T00:00:00Z", ""),
      pod("namesake", "2026-01-04T00:00:00Z", "registry/other@sha256:x", "elsewhere"),
    ],
  },
  "/apis/apps/v1/deployments": {
    items: [
      deployment("payment-service", "production"),
      deployment("coredns", "kube-system"),
      deployment("source-controller", "flux-system"),
    ],
  },
  "/apis/source.toolkit.fluxcd.io/v1/namespaces/flux-system/gitrepositories/flux-system": {
    status: { ...ready, artifact: { revision: "main@sha1:b" } },
  },
  "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/flux-system/kustomizations/flux-system": {
    status: { ...ready, lastAppliedRevision: "main@sha1:a" },
  },
};

let server: Server;
let absent = "";
before(async () => {
  server = createServer((request, response) => {
    const path = (request.url ?? "").split("?")[0] ?? "";
    const found = path !== absent && answers[path];
    response.writeHead(found ? 200 : 404, { "content-type": "application/json" });
    response.end(JSON.stringify(found || { kind: "Status", code: 404 }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
after(() => server.close());

const outputsFor = (port: number): Outputs => ({
  kubeconfig: JSON.stringify({
    "current-context": "c",
    clusters: [{ name: "k", cluster: { server: `http://127.0.0.1:${port}`, "insecure-skip-tls-verify": true } }],
    users: [{ name: "u", user: {} }],
    contexts: [{ name: "c", context: { cluster: "k", user: "u" } }],
  }),
  nodes: ["control-1", "worker-1"].map((name) => ({ name, role: "worker", site: "osl-1", address: "a", reach: "r" })),
  deployKeyReadOnly: true,
});

test("what the API server says becomes the report; the image is the newest pod's, by its digest", async () => {
  const report = await collect("local", outputsFor((server.address() as AddressInfo).port));
  assert.deepEqual(report.cluster, { version: "v1.36.4", ready: true });
  assert.deepEqual(
    report.nodes.map(({ name, ready }) => [name, ready]),
    [
      ["control-1", true],
      ["worker-1", false],
    ],
  );
  const agent = { ready: true, revision: "main@sha1:b", lastApplied: "main@sha1:a", readOnlyKey: true };
  assert.deepEqual(report.agent, agent);
  assert.deepEqual(report.workloads, [
    {
      namespace: "production",
      name: "payment-service",
      ready: 3,
      desired: 3,
      image: "registry/payment-service@sha256:new",
    },
  ]);
});

test("an agent that is not installed yet is not ready, and hides nothing else", async () => {
  absent = "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/flux-system/kustomizations/flux-system";
  const report = await collect("local", outputsFor((server.address() as AddressInfo).port));
  absent = "";
  assert.equal(report.cluster.ready, true);
  assert.deepEqual([report.agent.ready, report.agent.lastApplied], [false, null]);
});

test("an API server that is not there leaves a report in which it is not ready", async () => {
  const report = await collect("local", outputsFor(1));
  assert.deepEqual(report.cluster, { version: null, ready: false });
  assert.ok(notReady(report).includes("node control-1 is not ready"));
});
