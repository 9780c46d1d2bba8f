import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createSecureServer, type Http2SecureServer, type ServerHttp2Session } from "node:http2";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { TLSSocket } from "node:tls";
import { type KubeconfigArgs, kubeconfig } from "../../components/cluster/kubeconfig";
import { certificateAuthority, issue } from "../../components/keys/certificates";
import type { Outputs } from "../pulumi/outputs";
import { collect, collected } from "./collect";
import { exitCode, notReady, type Report } from "./report";

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

const KUSTOMIZATION = "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/flux-system/kustomizations/flux-system";
const answers: Record<string, unknown> = {
  "/v2/": {},
  "/v2/_catalog": { repositories: ["mirror/registry.k8s.io/pause", "payment-service"] },
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
      {
        metadata: { name: "np-1", namespace: "kube-system", labels: { app: "network-policies" } },
        spec: { nodeName: "control-1" },
        status: ready,
      },
      {
        metadata: { name: "np-2", namespace: "kube-system", labels: { app: "network-policies" } },
        spec: { nodeName: "worker-1" },
        status: { conditions: [{ type: "Ready", status: "False" }] },
      },
      {
        metadata: { name: "ingress-1", namespace: "kube-system", labels: { app: "ingress" } },
        spec: { nodeName: "worker-1" },
        status: ready,
      },
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
  [KUSTOMIZATION]: {
    status: { ...ready, lastAppliedRevision: "main@sha1:a" },
  },
};

const seed = Buffer.alloc(32, 7).toString("base64");
const issuedAt = new Date().toISOString();
const authority = certificateAuthority(seed, "test", issuedAt);
const leaf = (commonName: string, usage: "server" | "client") =>
  issue(seed, authority, issuedAt, {
    commonName,
    usage,
    dnsNames: ["r.test"],
    ipAddresses: ["127.0.0.1"],
    validDays: 1,
  });

let server: Http2SecureServer;
const sessions: ServerHttp2Session[] = [];
let absent = "";
/** Where the API server finds nobody to hand a question to. */
let nobodyBehind = "";
let silent = "";
const home = mkdtempSync(join(tmpdir(), "grunnmur-status-"));
before(async () => {
  // What was answered is kept there.
  process.env.GRUNNMUR_HOME = home;
  const { certificate, privateKey } = leaf("server", "server");
  const tls = { cert: certificate, key: privateKey, ca: authority.certificate, requestCert: true };
  server = createSecureServer({ ...tls, rejectUnauthorized: false, allowHTTP1: true }, (request, response) => {
    const path = (request.url ?? "").split("?")[0] ?? "";
    const { authorized } = request.socket as TLSSocket;
    if (path === silent) return;
    const registry = path.startsWith("/v2/");
    const known = registry ? request.headers.authorization === basic("reader", "pass") : authorized;
    const found = path !== absent && answers[path];
    const status = path === nobodyBehind ? 503 : found ? 200 : 404;
    response.writeHead(known ? status : 401, { "content-type": "application/json" });
    response.end(JSON.stringify(found || { kind: "Status", code: 404 }));
  });
  server.on("session", (session) => sessions.push(session));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
after(() => {
  server.close();
  for (const session of sessions) session.destroy();
  rmSync(home, { recursive: true });
});

const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
const port = (): number => (server.address() as AddressInfo).port;

function outputsFor(apiPort: number, client = leaf("admin", "client")): Outputs {
  const servers: KubeconfigArgs["servers"] = [{ name: "c", url: `https://127.0.0.1:${apiPort}` }];
  return {
    kubeconfig: kubeconfig({ servers, caPem: authority.certificate }, client),
    nodes: ["control-1", "worker-1"].map((name) => ({ name, role: "worker", site: "osl-1", address: "a", reach: "r" })),
    deployKeyReadOnly: true,
  };
}

test("on how many workers somebody answers from outside is counted, where the stack has names for it", async () => {
  const ingress = { hosts: ["r.test"], addresses: ["10.0.0.2", "10.0.0.3"], reach: [] };
  const report = await collect("local", { ...outputsFor(port()), ingress });
  assert.deepEqual(report.ingress, { hosts: ingress.hosts, addresses: ingress.addresses, answering: 1, awaited: [] });
  assert.equal((await collect("local", outputsFor(port()))).ingress, null);
  assert.equal((await collect("local", { ...outputsFor(1), ingress }, 1)).ingress?.answering, null);
});

test("what fires is asked of Prometheus through the API server, and asked only where there is one", async () => {
  const path = "/api/v1/namespaces/kube-system/services/prometheus:9090/proxy/api/v1/alerts";
  const alert = (alertname: string, severity: string, state = "firing") => ({
    ...{ labels: { alertname, severity, node: "n" }, annotations: { summary: "s\u001b[2J", remedy: "r" } },
    ...{ state, activeAt: "2026-01-01T00:00:00Z", value: "1e+00" },
  });
  const alerts = [
    alert("Watchdog", "none"),
    alert("DiskNearlyFull", "warning"),
    alert("EtcdNearlyFull", "critical"),
    alert("ClockOff", "warning", "pending"),
  ];
  answers[path] = { status: "success", data: { alerts } };
  const measured = () => collect("local", { ...outputsFor(port()), monitoring: true });
  const found = (await measured()).monitoring;
  assert.deepEqual(
    found?.alerts?.map(({ name, severity }) => [name, severity]),
    [
      ["EtcdNearlyFull", "critical"],
      ["DiskNearlyFull", "warning"],
    ],
  );
  assert.equal(found?.alerts?.[0]?.summary, "s\ufffd[2J");
  assert.equal((await collect("local", outputsFor(port()))).monitoring, null);
  answers[path] = { status: "error" };
  assert.deepEqual((await measured()).monitoring, { alerts: null });
  delete answers[path];
  const saidOf = ({ unanswered }: Report) =>
    unanswered.filter(({ part }) => part === "monitoring").map(({ state, detail }) => [state, detail]);
  assert.deepEqual(saidOf(await measured()), [["dead", "the cluster has none"]]);
  nobodyBehind = path;
  const down = await collect("local", { ...outputsFor(port()), monitoring: true }, 1).finally(
    () => (nobodyBehind = ""),
  );
  assert.deepEqual(saidOf(down), [["dead", "it answers 503, still after 1 s"]]);
});

test("what the API server says becomes the report; the image is the newest pod's, by its digest", async () => {
  const report = await collect("local", outputsFor(port()));
  assert.deepEqual(report.cluster, { version: "v1.36.4", ready: true });
  assert.deepEqual(
    report.nodes.map(({ name, ready, networkPolicies }) => [name, ready, networkPolicies]),
    [
      ["control-1", true, true],
      ["worker-1", false, false],
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

test("a controller manager that nobody runs any more is told, though all that is asked answers", async () => {
  const path = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases";
  const spec = { leaseDurationSeconds: 15, renewTime: "2026-01-01T00:00:00.000000Z" };
  answers[path] = { items: [{ metadata: { name: "kube-controller-manager", namespace: "kube-system" }, spec }] };
  const { cluster } = await collected("local", outputsFor(port()), 5, undefined).finally(() => delete answers[path]);
  assert.deepEqual(
    cluster.seen?.findings.map(({ stage }) => stage),
    ["not acted on"],
  );
});

test("an agent that is not installed yet is not ready, and hides nothing else", async () => {
  absent = KUSTOMIZATION;
  const report = await collect("local", outputsFor(port()));
  absent = "";
  assert.equal(report.cluster.ready, true);
  assert.deepEqual([report.agent.ready, report.agent.lastApplied], [false, null]);
});

for (const [what, lastAppliedRevision, lastRound, expected] of [
  ["that looks for drift is ready if it found nothing wrong the last time", "main@sha1:b", "Succeeded", true],
  ["that looks for drift is not ready if the last round failed", "main@sha1:b", "Failed", false],
  ["that applies a new commit is not ready", "main@sha1:a", "Succeeded", false],
] as const) {
  test(`an agent ${what}`, async () => {
    const before = answers[KUSTOMIZATION];
    const conditions = [{ type: "Ready", status: "Unknown" }];
    const history = [{ lastReconciledStatus: `Reconciliation${lastRound}` }];
    answers[KUSTOMIZATION] = { status: { conditions, lastAppliedRevision, history } };
    const { agent } = await collect("local", outputsFor(port()));
    answers[KUSTOMIZATION] = before;
    assert.equal(agent.ready, expected);
  });
}

test("an API server that is not there leaves a report in which it is not ready", async () => {
  const report = await collect("local", outputsFor(1));
  assert.deepEqual(report.cluster, { version: null, ready: false });
  assert.ok(notReady(report).includes("node control-1 is not ready"));
});

test("where the pods are not known nothing is said of network policies", async () => {
  absent = "/api/v1/pods";
  const { nodes } = await collect("local", outputsFor(port()));
  absent = "";
  assert.deepEqual(
    nodes.map(({ networkPolicies }) => networkPolicies),
    [null, null],
  );
});

test("a client certificate that another authority signed is refused", async () => {
  const stranger = certificateAuthority(Buffer.alloc(32, 8).toString("base64"), "stranger", issuedAt);
  const client = issue(seed, stranger, issuedAt, { commonName: "admin", usage: "client", validDays: 1 });
  assert.equal((await collect("local", outputsFor(port(), client))).cluster.ready, false);
});

test("the registry is asked by its own name, with its authority and a reader's password", async () => {
  const registry = { host: "r.test", address: "10.0.0.1", reach: `127.0.0.1:${port()}`, caPem: authority.certificate };
  const nodes = [{ name: "registry-1", role: "registry", site: "osl-1", address: "a", reach: "r" }];
  const ask = (change: object, password = "pass") =>
    collect("local", {
      nodes,
      registry: { ...registry, ...change },
      registryReader: { username: "reader", password },
    });
  const good = await ask({});
  assert.deepEqual([good.registry, good.nodes[0]?.ready], [{ address: "10.0.0.1", ready: true, images: 2 }, true]);
  assert.equal((await ask({}, "wrong")).registry.ready, false);
  assert.equal((await ask({ host: "other.test" })).registry.ready, false);
  assert.equal((await ask({ caPem: undefined })).registry.ready, false);
});

test("a question that is late hides no other's answer, and what it last said is told", async () => {
  await collect("late", outputsFor(port()));
  silent = KUSTOMIZATION;
  const report = await collect("late", outputsFor(port()), 1);
  silent = "";
  assert.equal(report.cluster.version, "v1.36.4");
  assert.equal(report.workloads.length, 1);
  const agent = report.unanswered.find(({ part }) => part === "agent");
  assert.deepEqual([agent?.state, agent?.lastAnswer?.what], ["slow", "applied main@sha1:a"]);
  assert.match(agent?.detail ?? "", /its port accepts connections, no answer within 1 s/);
  // The worker is known not to be ready.
  assert.equal(exitCode(report), 1);
});

test("all that the API server is asked is asked by one connection", async () => {
  const before = sessions.length;
  await collect("local", { ...outputsFor(port()), monitoring: true });
  assert.equal(sessions.length - before, 1);
});

test("an API server that nobody listens for is dead, not slow", async () => {
  const { unanswered } = await collect("local", outputsFor(1), 2);
  assert.equal(unanswered.find(({ part }) => part === "cluster")?.state, "dead");
});
