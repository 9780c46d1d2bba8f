import { execFileSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { repositoryPath } from "../lib/places";

const HOST = "payment.local.grunnmur.internal";
const WORKER = "10.20.0.12";
const REQUESTS = 400;
const AT_ONCE = 8;
const CONNECTIONS = 100;
const POLICIES = [0, 10, 100];

/**
 * On the worker of the environment `local`, which is up: requests through the ingress beside the same to the Service, twice in turn;
 * and what a connection from pod to pod takes where that many policies more select the pod that is asked.
 */
export async function measureNetwork(say: (text: string) => void): Promise<void> {
  const service = kubectl("get", "service", "payment-service", "-n", "production", "-o", "jsonpath={.spec.clusterIP}");
  const through = `-k --resolve ${HOST}:443:${WORKER} 'https://${HOST}/healthz`;
  const itself = `'http://${service}/healthz`;
  const found = { service: [] as Load[], ingress: [] as Load[] };
  for (const _ of [1, 2]) {
    found.service.push(load(itself));
    found.ingress.push(load(through));
  }
  const [direct, proxied] = [best(found.service), best(found.ingress)];
  for (const [name, { rate, p50, p99 }] of [["the service", direct] as const, ["the ingress", proxied] as const])
    say(`  ${name}: ${rate.toFixed(0)} requests a second, half within ${ms(p50)}, 99 of 100 within ${ms(p99)}`);
  say(
    `  ratio: ${(direct.rate / proxied.rate).toFixed(1)} in requests, ${(proxied.p99 / direct.p99).toFixed(1)} in p99`,
  );

  const address = podAddress("production", "app=payment");
  const from = podAddress("kube-system", "app=ingress");
  const file = join(tmpdir(), `grunnmur-bench-policies-${process.pid}.json`);
  try {
    for (const count of POLICIES) {
      const more = Array.from({ length: count }, (_, at) => policy(at));
      writeFileSync(file, JSON.stringify({ apiVersion: "v1", kind: "List", items: more }));
      if (count > 0) kubectl("apply", "-f", file);
      await sleep(20_000); // until every node's agent has them: there is nothing that would say so
      const times = connections(from, `http://${address}:8080/healthz`);
      say(
        `  a connection with ${count} policies more: half within ${ms(at(times, 0.5))}, 99 of 100 within ${ms(at(times, 0.99))}`,
      );
    }
  } finally {
    kubectl("delete", "networkpolicies", "-n", "production", "-l", "bench=network", "--ignore-not-found");
    rmSync(file, { force: true });
  }
}

interface Load {
  rate: number;
  p50: number;
  p99: number;
}

const ms = (seconds: number): string => `${(seconds * 1000).toFixed(1)} ms`;
const at = (times: number[], share: number): number =>
  times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
const best = (loads: Load[]): Load => loads.reduce((one, other) => (other.rate > one.rate ? other : one));

/** Seconds, the shortest first. @throws where anything but 200 was answered */
function timesOf(text: string): number[] {
  const lines = text
    .trim()
    .split("\n")
    .map((line) => line.split(" "));
  const wrong = lines.find(([, status]) => status !== "200");
  if (wrong) throw new Error(`answered ${wrong[1]} instead of 200`);
  return lines.map(([seconds]) => Number(seconds)).sort((a, b) => a - b);
}

/** @param url with its opening quote, so that options may stand before it */
function load(url: string): Load {
  const asked = `curl -s -o /dev/null -Z --parallel-max ${AT_ONCE} -w '%{time_total} %{http_code}\\n' ${url}?[1-${REQUESTS}]'`;
  const [seconds = "", ...lines] = onWorker(
    `s=$(date +%s%N); o=$(${asked}); echo $(($(date +%s%N) - s)); echo "$o"`,
  ).split("\n");
  const times = timesOf(lines.join("\n"));
  return { rate: times.length / (Number(seconds) / 1e9), p50: at(times, 0.5), p99: at(times, 0.99) };
}

/** A new connection for each request, begun inside the pod of this address. */
function connections(pod: string, url: string): number[] {
  const asked = `curl -s -o /dev/null -H 'Connection: close' -w '%{time_connect} %{http_code}\\n' '${url}?[1-${CONNECTIONS}]'`;
  const within = `for ns in /run/netns/*; do if nsenter --net=$ns ip -4 -o addr | grep -q 'inet ${pod}/'; then nsenter --net=$ns ${asked}; fi; done`;
  return timesOf(onWorker(within));
}

const policy = (number: number): object => ({
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { name: `bench-${number}`, namespace: "production", labels: { bench: "network" } },
  spec: {
    podSelector: { matchLabels: { app: "payment" } },
    policyTypes: ["Ingress"],
    ingress: [{ from: [{ ipBlock: { cidr: `192.0.2.${number}/32` } }], ports: [{ port: 8080 }] }],
  },
});

/** Of one on the worker. */
function podAddress(namespace: string, labels: string): string {
  const fields = ["--field-selector", "spec.nodeName=worker-1,status.phase=Running"];
  return kubectl("get", "pods", "-n", namespace, "-l", labels, ...fields, "-o", "jsonpath={.items[0].status.podIP}");
}

const kubectl = (...args: string[]): string => grunnmur("kubectl", ...args);
const onWorker = (script: string): string => grunnmur("ssh", "worker-1", script);

function grunnmur(...args: string[]): string {
  return execFileSync(repositoryPath("grunnmur"), args, { encoding: "utf8", maxBuffer: 1 << 24 }).trim();
}
