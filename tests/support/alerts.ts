import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Report } from "../../cli/status/report";
import { certificateAuthority, issue } from "../../components/keys/certificates";
import { namespaceOf } from "../../lib/places";
import { reachedBy } from "./network-policies";
import { until } from "./poll";
import { grunnmur, must, repository, type Typed, type, withEnvironment } from "./user";

/** Where alerts are posted, behind the nodes' gateway, which is this machine's end of their network. */
const ADDRESS = "198.51.100.10";
const PORT = 14443;
const TOKEN = "a-token-of-the-receivers";

const seed = Buffer.alloc(32, 10).toString("base64");
const since = `${new Date().toISOString().slice(0, 10)}T00:00:00Z`;
const authority = certificateAuthority(seed, "the receiver's own", since);

/** For a stack file: the platform is measured, and this one is told. */
export const MEASURED: [from: string, to: string][] = [
  [
    "  grunnmur:ingress:\n",
    `  grunnmur:destinations:
    - host: ${ADDRESS}
      country: "NO"
      legalBasis: none, it is told of machines
      agreement: none
      expires: "2099-12-31"
      addresses: [${ADDRESS}/32]
      ports: [${PORT}/tcp]
  grunnmur:monitoring:
    enabled: true
    webhook:
      url: https://${ADDRESS}:${PORT}/alerts
      authority: |
${authority.certificate.replace(/^(?=.)/gm, "        ")}
  grunnmur:ingress:
`,
  ],
];

/** What was posted, as Alertmanager's documentation says, and with what. */
export interface Posted {
  authorization: string | undefined;
  alerts: { status: string; labels: Record<string, string>; annotations: Record<string, string> }[];
}

const RECEIVER = `
const { appendFileSync, readFileSync, writeFileSync } = require("node:fs");
const [, to, cert, key] = process.argv;
require("node:https")
  .createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (request, response) => {
    let body = "";
    request.on("data", (text) => (body += text)).on("end", () => {
      appendFileSync(to, JSON.stringify({ authorization: request.headers.authorization, ...JSON.parse(body) }) + "\\n");
      response.end();
    });
  })
  .listen(${PORT}, "${ADDRESS}");
`;

/** While this runs, what is posted is kept. @param work is given what was posted until then */
export async function withReceiver(work: (posted: () => Posted[]) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "grunnmur-alerts-"));
  const within = ["netns", "exec", namespaceOf("local")];
  const address = (verb: string) => type("ip", [...within, "ip", "addr", verb, `${ADDRESS}/32`, "dev", "lo"]);
  const [certificate, key, kept] = ["receiver.crt", "receiver.key", "posted"].map((one) => join(directory, one));
  assert.ok(certificate && key && kept);
  const own = issue(seed, authority, since, {
    commonName: "receiver",
    usage: "server",
    ipAddresses: [ADDRESS],
    validDays: 9,
  });
  writeFileSync(certificate, own.certificate);
  writeFileSync(key, own.privateKey, { mode: 0o600 });
  await must(address("add"));
  const receiver = spawn("ip", [...within, process.execPath, "-e", RECEIVER, kept, certificate, key], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  try {
    await work(() => {
      const lines = existsSync(kept) ? readFileSync(kept, "utf8").split("\n") : [];
      return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Posted);
    });
  } finally {
    receiver.kill();
    await address("del");
    rmSync(directory, { recursive: true, force: true });
  }
}

/** What is measured, of jobs by their names: as many as this environment has of each. */
const JOBS = ["alertmanager", "apiserver", "kube-dns", "kubelet", "kubelet", "kustomize-controller", "monitoring"];
const MORE_JOBS = ["node-exporter", "node-exporter", "prometheus", "source-controller"];

/** Brings monitoring about, and sees that all is measured, that who shall be is told, and that nobody else may look. */
export async function alertsReach(
  tell: (figure: string) => void,
  up: () => Promise<Typed>,
  posted: () => Posted[],
): Promise<void> {
  await must(withEnvironment(`printf %s ${TOKEN} | pulumi config set --secret grunnmur:webhookToken --stack local`));
  const on = await must(up());
  const told = await until("a sign of life at the receiver", 600, async () =>
    posted().some(({ alerts }) => alerts.some(({ labels }) => labels.alertname === "Watchdog")),
  );
  for (const { authorization } of posted()) assert.equal(authorization, `Bearer ${TOKEN}`);
  const all = await until("all that is to be measured", 600, async () => {
    const found = await asked("up");
    assert.deepEqual(
      found.map(({ metric }) => metric.job).sort(),
      [...JOBS, ...MORE_JOBS],
      "what Prometheus found to measure",
    );
    return found.every(({ value: [, up] }) => up === "1");
  });
  const [seconds, sign, whole] = [on.seconds, told, all].map((each) => each.toFixed(0));
  tell(
    `monitoring: up took ${seconds} s, a sign of life came ${sign} s later, and all was measured after ${whole} s more`,
  );

  const [leader] = await asked("etcd_server_has_leader");
  assert.deepEqual([leader?.metric.node, leader?.value[1]], ["control-1", "1"]);
  const nodes = (await asked("grunnmur_node_ready == 1")).map(({ metric }) => metric.node);
  assert.deepEqual(nodes.sort(), ["control-1", "worker-1"]);
  const shown = (await asked("grunnmur_certificate_ends_seconds - time() > 86400 * 90")).map(({ metric }) => metric.of);
  assert.deepEqual(shown.sort(), ["API server", "etcd", "ingress", "kubelet", "kubelet", "registry"]);
  await until("a registry that answers", 300, async () => (await asked("grunnmur_registry_up"))[0]?.value[1] === "1");
  const rules = JSON.parse((await must(raw("rules"))).stdout) as {
    data: { groups: { rules: { name: string; health: string }[] }[] };
  };
  for (const { name, health } of rules.data.groups.flatMap((group) => group.rules)) assert.equal(health, "ok", name);

  await answersThroughApiServer();
  await undoneTwice();
  const drifted = await until("drift that is counted", 300, async () => (await asked(DRIFT))[0]?.value[1] === "1");
  tell(`drift that is undone again is counted ${drifted.toFixed(0)} s later`);
  await nobodyElseLooks();
  const { monitoring } = JSON.parse((await grunnmur(["status", "--json"])).stdout) as Report;
  tell(`alerts: ${monitoring?.alerts?.map(({ name, summary }) => `${name}: ${summary}`).join("; ") || "none"}`);
  assert.ok(monitoring?.alerts);
  assert.match((await must(up())).stderr, /No changes/);
}

const DRIFT = 'grunnmur_drift_undone_total{kind="Deployment",namespace="production",name="payment-service"}';

/** The first time tells nothing of who writes against whom: a release writes once, too. */
async function undoneTwice(): Promise<void> {
  const service = ["deployment/payment-service", "-n", "production"];
  for (let time = 0; time < 2; time++) {
    await must(grunnmur(["kubectl", "patch", ...service, "--type=merge", "-p", '{"spec":{"replicas":2}}']));
    await until("drift that is undone", 300, async () => {
      const { stdout } = await must(grunnmur(["kubectl", "get", ...service, "-o", "jsonpath={.spec.replicas}"]));
      return stdout === "3";
    });
  }
}

/** As docs/operating.md has it. */
async function answersThroughApiServer(): Promise<void> {
  const args = ["kubectl", "--", "port-forward", "-n", "kube-system", "service/prometheus", "9090"];
  const forward = spawn(join(repository, "grunnmur"), args, { cwd: repository, detached: true, stdio: "ignore" });
  try {
    await until("an answer of Prometheus", 120, async () => (await fetch("http://127.0.0.1:9090/-/ready")).ok);
  } finally {
    process.kill(-(forward.pid ?? assert.fail("it did not start")), "SIGKILL");
  }
}

/** Another pod of the platform, which no policy holds back, gets to none of what is measured. */
async function nobodyElseLooks(): Promise<void> {
  const podsOf = async (label: string, what: string): Promise<string[]> => {
    const jsonpath = `jsonpath={range .items[*]}${what}{"\\n"}{end}`;
    const { stdout } = await must(
      grunnmur(["kubectl", "get", "pods", "-n", "kube-system", "-l", label, "-o", jsonpath]),
    );
    return stdout.trim().split("\n");
  };
  const places = await podsOf(
    "grunnmur.internal/part=monitoring",
    "{.status.podIP} {.spec.containers[0].ports[0].containerPort}",
  );
  assert.equal(places.length, 5);
  const [from] = await podsOf("app=ingress", "{.status.podIP}");
  const [open] = await podsOf("k8s-app=kube-dns", "{.status.podIP} 9153");
  assert.ok(from && open);
  assert.deepEqual(await reachedBy("worker-1", from, [...places, open]), new Set([open]));
}

interface Sample {
  metric: Record<string, string>;
  value: [at: number, value: string];
}

const raw = (path: string): Promise<Typed> =>
  grunnmur(["kubectl", "get", "--raw", `/api/v1/namespaces/kube-system/services/prometheus:9090/proxy/api/v1/${path}`]);

async function asked(query: string): Promise<Sample[]> {
  const { stdout } = await must(raw(`query?query=${encodeURIComponent(query)}`));
  return (JSON.parse(stdout) as { data: { result: Sample[] } }).data.result;
}
