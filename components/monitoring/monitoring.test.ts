import assert from "node:assert/strict";
import { test } from "node:test";
import { load, loadAll } from "js-yaml";
import { emulated, kvm } from "../pace";
import { script } from "../script";
import { guards } from "./monitoring";
import { agent, alertmanagerPod, etcdTeller, nodeExporter, prometheusPod } from "./programs";
import { alertmanagerSettings, prometheusSettings } from "./settings";

// biome-ignore lint/suspicious/noExplicitAny: looked at by path
const podOf = (one: any) => one.spec.template.spec;
const registry = { host: "registry.example", address: "10.0.0.10", hosts: ["b.example", "a.example"] };
const inPodsNetwork = [
  prometheusPod("prometheus:v1", kvm),
  alertmanagerPod("alertmanager:v1", "alertmanager-1", true, kvm),
  nodeExporter("node-exporter:v1", kvm),
  agent("monitoring:v1", registry, kvm),
];

test("each runs as nobody in the pods' network, and writes into nothing of its node", () => {
  for (const each of inPodsNetwork) {
    const pod = podOf(each);
    assert.equal(pod.hostNetwork, undefined);
    assert.equal(pod.hostPID, undefined);
    assert.equal(pod.securityContext.runAsUser, 65534);
    const [{ securityContext, volumeMounts, resources }] = pod.containers;
    assert.deepEqual(securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    for (const { name, readOnly } of volumeMounts) assert.equal(readOnly === true, name !== "data");
    assert.ok(resources.limits.memory && resources.limits.cpu);
  }
});

test("etcd is asked on its node's loopback, by a pod that knows nothing of the cluster and may do nothing to the node", () => {
  const pod = podOf(etcdTeller("monitoring:v1", kvm));
  assert.equal(pod.hostNetwork, true);
  assert.equal(pod.automountServiceAccountToken, false);
  assert.deepEqual(pod.containers[0].securityContext.capabilities, { drop: ["ALL"] });
  assert.deepEqual(
    pod.volumes.map(({ hostPath }: { hostPath: { path: string } }) => hostPath.path),
    ["/run/grunnmur-measured"],
  );
});

test("what is measured is read by Prometheus, and Prometheus by API servers alone", () => {
  const [all, people] = guards(["10.0.0.12", "10.0.0.11"]) as { spec: { podSelector: object; ingress: object[] } }[];
  const part = { "grunnmur.internal/part": "monitoring" };
  assert.deepEqual(all?.spec.podSelector, { matchLabels: part });
  assert.deepEqual(all?.spec.ingress, [{ from: [{ podSelector: { matchLabels: { app: "prometheus", ...part } } }] }]);
  assert.deepEqual(people?.spec.ingress, [
    { from: [{ ipBlock: { cidr: "10.0.0.11/32" } }, { ipBlock: { cidr: "10.0.0.12/32" } }] },
  ]);
  // All of this component are chosen by it.
  for (const each of inPodsNetwork) {
    const { metadata } = (each as { spec: { template: { metadata: { labels: Record<string, string> } } } }).spec
      .template;
    assert.equal(metadata.labels["grunnmur.internal/part"], "monitoring");
  }
});

test("it reads, of tenants' namespaces nothing, and changes nothing", () => {
  interface Rights {
    kind: string;
    metadata: { name: string; namespace?: string };
    rules?: { resources?: string[]; verbs: string[] }[];
    roleRef?: { name: string };
  }
  const rights = loadAll(script("monitoring/files/rbac.yaml")) as Rights[];
  for (const { rules = [] } of rights)
    for (const { verbs } of rules) assert.ok(verbs.every((verb) => ["get", "list", "watch"].includes(verb)));
  const everywhere = rights.filter(({ kind }) => kind === "ClusterRoleBinding").map(({ roleRef }) => roleRef?.name);
  const seen = rights
    .filter(({ kind, metadata }) => kind === "ClusterRole" && everywhere.includes(metadata.name))
    .flatMap(({ rules = [] }) => rules.flatMap(({ resources = [] }) => resources));
  assert.deepEqual(seen.sort(), ["gitrepositories", "kustomizations", "nodes", "nodes", "nodes/metrics"]);
});

test("everything is measured as often as its CPU bears, against what the preflight allows", () => {
  for (const [pace, seconds, timeout] of [
    [kvm, 15, 15],
    [emulated, 60, 30],
  ] as const) {
    const files = prometheusSettings(pace, 10);
    const { global } = load(files["prometheus.yaml"] ?? "") as { global: object };
    assert.deepEqual(global, {
      scrape_interval: `${seconds}s`,
      scrape_timeout: `${timeout}s`,
      evaluation_interval: `${seconds}s`,
    });
    assert.match(files["rules.yaml"] ?? "", /> 0\.01\n/);
    assert.doesNotMatch(Object.values(files).join(""), /INTERVAL|TIMEOUT|FSYNC_LIMIT/);
  }
});

test("every rule says who has to know, what is so, and what to do", () => {
  interface Rule {
    alert: string;
    labels: { severity: string };
    annotations: { summary?: string; remedy?: string };
  }
  const { groups } = load(script("monitoring/files/rules.yaml")) as { groups: { rules: Rule[] }[] };
  const rules = groups.flatMap((group) => group.rules);
  assert.ok(rules.length > 12);
  for (const { alert, labels, annotations } of rules) {
    assert.match(labels.severity, /^(critical|warning|none)$/, alert);
    assert.ok(annotations.summary, alert);
    assert.ok(annotations.remedy || labels.severity === "none", alert);
  }
});

test("alerts go where the stack says, with a token that stands in no setting, and to nobody else", () => {
  const none = load(alertmanagerSettings(undefined, false)["alertmanager.yaml"] ?? "");
  assert.deepEqual((none as { receivers: object[] }).receivers, [{ name: "all" }]);
  const webhook = { url: "https://vakt.example.no/alerts", authority: "PEM" };
  const files = alertmanagerSettings(webhook, true);
  assert.equal(files["authority.pem"], "PEM");
  assert.deepEqual((load(files["alertmanager.yaml"] ?? "") as { receivers: object[] }).receivers, [
    {
      name: "all",
      webhook_configs: [
        {
          url: webhook.url,
          send_resolved: true,
          http_config: {
            authorization: { credentials_file: "/webhook/token" },
            tls_config: { ca_file: "/etc/alertmanager/authority.pem" },
          },
        },
      ],
    },
  ]);
});
