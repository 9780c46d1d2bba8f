import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "./poll";
import { applied, grunnmur, must } from "./user";

const kubectl = (...args: string[]) => grunnmur(["kubectl", ...args]);
const ssh = (node: string, script: string) => grunnmur(["ssh", node, script]);

/** Pods of the system's own namespace, which the rules at admission let alone; by name, on which node. */
const PODS = {
  server: "worker-1",
  friend: "worker-1",
  "friend-far": "control-1",
  stranger: "worker-1",
  "stranger-far": "control-1",
  open: "worker-1",
  closed: "worker-1",
} as const;
type Pod = keyof typeof PODS;
const pods = Object.keys(PODS) as Pod[];
const namespace = "kube-system";
const nodes = { "worker-1": "10.20.0.12", "control-1": "10.20.0.11" } as const;
const PORT = 8080;
const WORK = 600;

const manifests = (image: string, addresses?: Record<Pod, string>): object[] => [
  ...pods.map((name) => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: `np-${name}`, namespace, labels: { np: name.replace("-far", "") } },
    spec: {
      nodeName: PODS[name],
      terminationGracePeriodSeconds: 0,
      tolerations: [{ operator: "Exists" }],
      containers: [{ name: "a", image, ports: [{ name: "web", containerPort: PORT }] }],
    },
  })),
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "np-server", namespace },
    spec: { type: "NodePort", selector: { np: "server" }, ports: [{ port: 80, targetPort: "web", nodePort: 30080 }] },
  },
  policy("np-server", "server", {
    policyTypes: ["Ingress"],
    ingress: [{ from: [{ podSelector: { matchLabels: { np: "friend" } } }], ports: [{ port: "web" }] }],
  }),
  ...(addresses
    ? [
        policy("np-stranger", "stranger", {
          policyTypes: ["Egress"],
          egress: [
            {
              to: [{ ipBlock: { cidr: "10.244.0.0/16", except: [`${addresses.closed}/32`] } }],
              ports: [{ port: PORT - 80, endPort: PORT + 20 }],
            },
          ],
        }),
      ]
    : []),
];

const policy = (name: string, np: string, spec: object): object => ({
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { name, namespace },
  spec: { podSelector: { matchLabels: { np } }, ...spec },
});

/**
 * What policies let through and what they do not, by connections that are begun inside of pods. Whoever may connect does, so
 * that what is refused is refused by a policy.
 */
export async function networkPoliciesHold(image: string, tell: (figure: string) => void): Promise<void> {
  const file = join(tmpdir(), `grunnmur-network-policies-${process.pid}.json`);
  const write = (items: object[]) =>
    writeFileSync(file, JSON.stringify({ apiVersion: "v1", kind: "List", items }), { mode: 0o600 });
  try {
    write(manifests(image));
    await must(applied(file));
    await until("their pods", WORK, async () => (await running()).length === pods.length);
    const addresses = await addressesOf();
    write(manifests(image, addresses));
    await must(applied(file));

    const at = (pod: Pod) => `${addresses[pod]} ${PORT}`;
    const nodePort = `${nodes["worker-1"]} 30080`;
    const kubelet = `${nodes["worker-1"]} 10250`;
    const api = `${nodes["control-1"]} 6443`;
    const linkLocal = `${await linkLocalOf(addresses.server)} ${PORT}`;
    const expected: [from: Pod, reaches: string[], refused: string[]][] = [
      ["friend", [at("server"), at("open"), at("closed"), kubelet, api], [linkLocal]],
      ["friend-far", [at("server"), at("open"), kubelet], []],
      ["open", [at("closed"), kubelet], [at("server"), linkLocal, nodePort]],
      ["stranger", [at("open")], [at("closed"), at("server"), nodePort, kubelet, api, linkLocal]],
      ["stranger-far", [at("open")], [at("closed"), at("server"), kubelet, api]],
    ];
    const hold = async (): Promise<void> => {
      const wrong = await Promise.all(
        expected.map(async ([from, reaches, refused]) => {
          const reached = await reachedBy(PODS[from], addresses[from], [...reaches, ...refused]);
          return [
            ...reaches.filter((one) => !reached.has(one)).map((one) => `${from} does not reach ${one}`),
            ...refused.filter((one) => reached.has(one)).map((one) => `${from} reaches ${one}`),
          ];
        }),
      );
      assert.deepEqual(wrong.flat(), []);
    };
    const seconds = await until("policies in force", 60, () => hold().then(() => true));
    tell(`policies hold ${seconds.toFixed(0)} s after they were made`);

    const payment = await paymentAddress();
    const dns = await must(
      kubectl("get", "service", "kube-dns", "-n", namespace, "-o", "jsonpath={.spec.clusterIP}"),
    ).then(({ stdout }) => `${stdout} 53`);
    const own = await reachedBy("worker-1", payment, [dns, at("open"), kubelet, api]);
    assert.deepEqual([...own], [dns], "a pod of production asks for names, and for nothing else");
    assert.deepEqual(
      [...(await reachedBy("worker-1", addresses.open, [`${payment} ${PORT}`]))],
      [`${payment} ${PORT}`],
    );

    // Who is refused is refused also in the moment in which nobody gives verdicts.
    const trying = connect(Array(10).fill(at("server")), 2);
    const { stdout } = await must(
      ssh("worker-1", within(addresses.stranger, `pkill -9 -x network-policie || echo no agent; ${trying}`)),
    );
    assert.equal(stdout, "", "a connection passed while the agent was away");
    await until("verdicts again", WORK, () => hold().then(() => true));
  } finally {
    write(manifests("none", Object.fromEntries(pods.map((pod) => [pod, "10.244.0.1"])) as Record<Pod, string>));
    await kubectl("delete", "-f", file, "--ignore-not-found", "--wait=false");
    rmSync(file, { force: true });
  }
}

/**
 * Shell that runs commands in the network of a pod, on the node that it runs on, and nothing where it runs none. Each program
 * that it starts costs a tenth of a second on emulated CPUs.
 */
const within = (pod: string, commands: string): string =>
  `for ns in $(ls /run/netns); do case $(ip -n "$ns" -4 -o addr) in *' ${pod}/'*) ` +
  `nsenter --net="/run/netns/$ns" bash -c '${commands}'; break ;; esac; done`;

/** Bash that begins connections, each so many seconds after the one before, and prints those that are made within eight. */
const connect = (targets: string[], apart = 0): string =>
  `${targets.map((to) => `(exec 3<>/dev/tcp/${to.replace(" ", "/")} && echo "${to}") 2>/dev/null & begun="$begun $!"; `).join(apart ? `sleep ${apart}; ` : "")}sleep 8; kill $begun 2>/dev/null; true`;

/** Of these, each an address and a port, those to which a pod's connections are made. */
export async function reachedBy(node: string, pod: string, targets: string[]): Promise<Set<string>> {
  const { stdout } = await must(ssh(node, within(pod, connect(targets))));
  return new Set(stdout.split("\n").filter(Boolean));
}

/** The same from the node itself. */
export async function reachedFrom(node: string, targets: string[]): Promise<Set<string>> {
  const { stdout } = await must(ssh(node, `bash -c '${connect(targets)}'`));
  return new Set(stdout.split("\n").filter(Boolean));
}

/** The address that every interface has in IPv6, as another pod of its node names it. */
async function linkLocalOf(pod: string): Promise<string> {
  const { stdout } = await must(ssh("worker-1", within(pod, "ip -6 -o addr show dev eth0 scope link")));
  return `${/inet6 (\S+)\//.exec(stdout)?.[1] ?? "fe80::1"}%eth0`;
}

interface PodList {
  items: {
    metadata: { name: string; deletionTimestamp?: string };
    spec: { nodeName?: string };
    status: { phase?: string; podIP?: string };
  }[];
}

async function listed(from: string, selector: string): Promise<PodList["items"]> {
  const { stdout } = await must(kubectl("get", "pods", "-n", from, "-l", selector, "-o", "json"));
  return (JSON.parse(stdout) as PodList).items;
}

const running = async () => (await listed(namespace, "np")).filter(({ status }) => status.phase === "Running");

async function addressesOf(): Promise<Record<Pod, string>> {
  const found = (await running()).map(({ metadata, status }) => [metadata.name.replace("np-", ""), status.podIP]);
  return Object.fromEntries(found) as Record<Pod, string>;
}

/** Of one of the demo's pods, which runs on worker-1; one that ended when the node was started again may be listed beside it. */
export async function paymentAddress(): Promise<string> {
  let address: string | undefined;
  await until("a pod of production that runs on worker-1", WORK, async () => {
    const found = (await listed("production", "app=payment")).filter(
      ({ metadata, spec, status }) =>
        spec.nodeName === "worker-1" && status.phase === "Running" && !metadata.deletionTimestamp,
    );
    address = found.map(({ status }) => status.podIP).find(Boolean);
    return address !== undefined;
  });
  return address ?? assert.fail();
}
