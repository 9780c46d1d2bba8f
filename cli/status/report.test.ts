import assert from "node:assert/strict";
import { test } from "node:test";
import { render } from "./render";
import { exitCode, nothing, notReady, type Report } from "./report";

const ready: Report = {
  stack: "local",
  nodes: [
    {
      ...{ name: "control-1", role: "control-plane", ready: true, site: "local-no", address: "10.20.0.11" },
      ...{ kubelet: "v1.36.4", kernel: "6.12.1", image: { key: "abc" }, networkPolicies: true, takesPods: true },
    },
  ],
  registry: { address: "10.20.0.10", ready: true, images: 9 },
  cluster: { version: "v1.36.4", ready: true },
  ingress: { hosts: ["shop.example.no"], addresses: ["10.20.0.12", "10.20.0.13"], answering: 2, awaited: [] },
  monitoring: null,
  agent: { ready: true, revision: "main@sha1:a", lastApplied: "main@sha1:a", readOnlyKey: true },
  workloads: [{ namespace: "production", name: "payment-service", ready: 3, desired: 3, image: "r/p@sha256:1" }],
  change: null,
  rotating: [],
  certificates: [{ of: "the administrator", ends: new Date(Date.now() + 200 * 86_400_000).toISOString() }],
  unanswered: [],
  expectedUpSeconds: 900,
};

const ingress = (answering: number | null): Report["ingress"] => ready.ingress && { ...ready.ingress, answering };

const uncertified: Report["ingress"] = ready.ingress && { ...ready.ingress, awaited: ["shop.example.no"] };

test("the next end of a certificate is told, and what to do where it is near", () => {
  assert.match(render(ready, {}), /next certificate to end is that of the administrator, on \d{4}-\d\d-\d\d\n/);
  const near = (of: string) =>
    render({ ...ready, certificates: [{ of, ends: new Date(Date.now() + 20.5 * 86_400_000).toISOString() }] }, {});
  assert.match(near("the registry"), /in 20 days: \.\/grunnmur up\n/);
  assert.match(near("the cluster's authority"), /in 20 days: \.\/grunnmur rotate ca makes others/);
  assert.match(
    near("the ingress"),
    /in 20 days: set a newer ingressCertificate where it is somebody else's, then \.\/grunnmur up\n/,
  );
  assert.match(
    near("shop.example.no"),
    /in 20 days: the ingress should have renewed it: .*logs -n kube-system ds\/ingress/,
  );
  assert.match(near("control-1's API server"), /in 20 days: its control plane should have renewed it/);
});

test("alerts are told with what to do, and a Prometheus that does not answer is not ready", () => {
  const since = new Date(Date.now() - 3_600_000).toISOString();
  const disk = {
    name: "DiskNearlyFull",
    severity: "warning" as const,
    since,
    summary: "Of / 5% are free",
    remedy: "Grow",
  };
  const told = (alerts: (typeof disk)[] | null, state: "slow" | "refused" = "refused"): Report => ({
    ...ready,
    monitoring: { alerts },
    unanswered: alerts ? [] : [{ part: "monitoring", state, detail: "it answered 503", lastAnswer: null }],
  });
  const text = render(told([disk]), {});
  assert.match(text, /monitoring +ready +1 alert\n/);
  assert.match(text, /Alert DiskNearlyFull \(warning, for 60 min 00 s\): Of \/ 5% are free\n {2}Grow\n/);
  assert.deepEqual(notReady(told([disk])), []);
  assert.match(render(told([]), {}), /monitoring +ready +no alerts\n/);
  assert.deepEqual(notReady(told(null)), ["Prometheus does not answer"]);
  assert.match(render(told(null), {}), /monitoring +not ready .*monitoring refuses: it answered 503\n/s);
  // Who is slow is not known to be wrong.
  assert.deepEqual(notReady(told(null, "slow")), []);
  assert.equal(exitCode(told(null, "slow")), 3);
});

test("a rotation that is not finished is told, and how to finish it", () => {
  assert.doesNotMatch(render(ready, {}), /rotat/);
  assert.match(
    render({ ...ready, stack: "prod", rotating: ["registry"] }, {}),
    /rotation of registry is not finished: \.\/grunnmur rotate registry --stack prod --finish\n/,
  );
});

test("an image whose packages are older than 30 days is told, and what to do", () => {
  const [node] = ready.nodes;
  const aged = (days: number) => {
    const debian = new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
    return render({ ...ready, nodes: [{ ...node, image: { key: "abc", debian } } as Report["nodes"][number]] }, {});
  };
  assert.doesNotMatch(aged(20), /older than/);
  assert.match(aged(40), /older than 30 days on control-1 \(40 days\): \.\/grunnmur upgrade --plan/);
  assert.doesNotMatch(render(ready, {}), /older than/);
});

test("an environment of which all is ready has nothing to report", () => {
  assert.deepEqual(notReady(ready), []);
  const told = [{ ...ready.nodes[0], takesPods: false } as Report["nodes"][number]];
  assert.match(render({ ...ready, nodes: told }, {}), /control-1 .* ready, takes no new pods\n[\s\S]*local is ready$/);
  assert.match(render(ready, {}), /production\/payment-service\s+3\/3\s+r\/p@sha256:1[\s\S]*local is ready$/);
});

test("each part that is not ready is named", () => {
  const broken: [Partial<Report>, RegExp][] = [
    [{ nodes: [{ ...ready.nodes[0], ready: false } as Report["nodes"][number]] }, /node control-1/],
    [{ nodes: [{ ...ready.nodes[0], networkPolicies: false } as Report["nodes"][number]] }, /pods on control-1 wait/],
    [{ nodes: [] }, /no nodes/],
    [{ registry: { ...ready.registry, ready: false } }, /registry/],
    [{ cluster: { ...ready.cluster, ready: false } }, /API/],
    [{ ingress: ingress(1) }, /the ingress answers on 1 of 2 workers/],
    [{ ingress: uncertified }, /shop\.example\.no has no certificate of the ACME server's/],
    [{ agent: { ...ready.agent, ready: false } }, /agent/],
    [{ agent: { ...ready.agent, revision: "main@sha1:b" } }, /main@sha1:b is not applied/],
    [{ agent: { ...ready.agent, readOnlyKey: false } }, /read-only/],
    [{ workloads: [{ ...ready.workloads[0], ready: 2 } as Report["workloads"][number]] }, /2 of 3 pods/],
  ];
  for (const [change, message] of broken) {
    const found = notReady({ ...ready, ...change });
    assert.equal(found.length, 1, String(message));
    assert.match(found[0] ?? "", message);
  }
});

test("where it is reached from outside is told, and nothing where it is not or where that is not known", () => {
  assert.match(render(ready, {}), /ingress +ready +shop\.example\.no at 10\.20\.0\.12, 10\.20\.0\.13\n/);
  for (const one of [null, ingress(null)]) assert.deepEqual(notReady({ ...ready, ingress: one }), []);
  assert.doesNotMatch(render({ ...ready, ingress: null }, {}), /ingress/);
});

test("a name without a certificate is told, and where the reason stands", () => {
  assert.match(
    render({ ...ready, stack: "prod", ingress: uncertified }, {}),
    /Visitors of shop\.example\.no are shown a .* Why: \.\/grunnmur kubectl --stack prod get events -A --field-selector/,
  );
  assert.doesNotMatch(render(ready, {}), /Visitors/);
});

test("what was never created has the same shape, and is not ready", () => {
  assert.deepEqual(Object.keys(nothing("local")), Object.keys(ready));
  assert.ok(notReady(nothing("local")).length > 0);
});

const late = (part: string, state: "slow" | "dead" | "refused" = "slow") => ({
  part,
  state,
  detail: "its port accepts connections",
  lastAnswer: { at: new Date(Date.now() - 120_000).toISOString(), what: "Kubernetes v1.36.4" },
});

test("what is slow to answer is told with what is known of it, and is not called broken", () => {
  const report: Report = {
    ...ready,
    nodes: [{ ...ready.nodes[0], ready: false } as Report["nodes"][number]],
    cluster: { version: null, ready: false },
    unanswered: [late("cluster"), late("nodes")],
  };
  assert.deepEqual([notReady(report), exitCode(report)], [[], 3]);
  const said = render(report, {});
  assert.match(said, /control-1 .*slow to answer/);
  assert.match(
    said,
    /cluster is slow to answer: its port accepts connections; last answer .* ago: Kubernetes v1\.36\.4/,
  );
  assert.doesNotMatch(said, /not ready/);
});

test("a guest that is off is not excused by a cluster that is slow", () => {
  const report: Report = {
    ...ready,
    nodes: [{ ...ready.nodes[0], ready: false } as Report["nodes"][number]],
    unanswered: [late("nodes"), late("node control-1", "dead")],
  };
  assert.deepEqual([notReady(report), exitCode(report)], [["node control-1 is not ready"], 1]);
  assert.match(render(report, {}), /node control-1 is dead: [\s\S]*made anew by \.\/grunnmur replace control-1\n/);
});

test("a part that refuses is not ready", () => {
  const report: Report = {
    ...ready,
    registry: { ...ready.registry, ready: false },
    unanswered: [late("registry", "refused")],
  };
  assert.equal(exitCode(report), 1);
  assert.match(render(report, {}), /registry refuses: /);
});
