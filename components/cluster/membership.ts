import type { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { Node } from "../node/node";
import { onNode } from "../node/on-node";
import { type File, onRoot } from "../payload";
import { script } from "../script";
import { clusterConfiguration, kubeletSettings, type Versions } from "./cluster-configuration";
import { apiEndpoint, initConfiguration, joinConfiguration, type KubeadmArgs, serverDir } from "./kubeadm";
import { discoveryKubeconfig } from "./kubeconfig";
import { pkiFiles } from "./pki";
import { serverFiles } from "./server-files";

/** What belongs to the cluster and not to one node. */
export interface Shared {
  seed: string;
  issuedAt: string;
  caPem: string;
  /** Name and machine of the one control plane that may make the cluster. */
  founder: string;
  versions: Versions;
}

/** A control plane's files and flags, the cluster's configuration and the kubelet's: always kept, before and after it joins. */
export function server(
  node: Node,
  args: KubeadmArgs,
  shared: pulumi.Output<Shared>,
  opts: { parent: pulumi.Resource; dependsOn: pulumi.Resource[] },
): remote.Command {
  const own = (path: string, content: string): File => ({ path: `${serverDir}/${path}`, content, mode: 0o600 });
  const peers = args.controlPlanes.filter((peer) => peer.name !== node.name).map(({ address }) => `${address}\n`);
  const input = shared.apply(({ seed, versions }) => [
    ...tools(args, "static-pods.sh"),
    ...onRoot([
      ...serverFiles(seed, args.pace),
      own("local.yaml", initConfiguration(args, node)),
      own("cluster.yaml", clusterConfiguration(args, versions)),
      own("kubelet.yaml", kubeletSettings(args)),
      own("peers", peers.sort().join("")),
    ]),
  ]);
  return onNode(`${node.name}-server`, node, { script: "cluster/scripts/server.sh", input }, opts);
}

/** A worker's part of that: its kubelet. */
export function workerSettings(
  node: Node,
  args: KubeadmArgs,
  opts: { parent: pulumi.Resource; dependsOn: pulumi.Resource[] },
): remote.Command {
  const settings = { path: `${serverDir}/kubelet.yaml`, content: kubeletSettings(args), mode: 0o600 };
  const input = [...tools(args), ...onRoot([settings])];
  return onNode(`${node.name}-kubelet`, node, { script: "cluster/scripts/worker.sh", input }, opts);
}

/** Makes the machine a member, once: only what makes it this member is in the input, so nothing else runs it again. */
export function join(
  node: Node,
  args: KubeadmArgs,
  shared: pulumi.Output<Shared>,
  token: pulumi.Output<string>,
  opts: { parent: pulumi.Resource; dependsOn: pulumi.Resource[] },
): remote.Command {
  const isServer = node.role === "control-plane";
  const input = pulumi.all([shared, token, node.machine]).apply(([values, secret, machine]) => [
    { path: "join.yaml", content: joinConfiguration(args, node, secret, isServer) },
    { path: "discovery.conf", content: discovery(values.caPem, secret) },
    { path: "find-cluster.sh", content: script("cluster/scripts/find-cluster.sh") },
    // A machine made anew is never the founder: its cluster is with the others, or lost, and not made a second time.
    ...(founderId(node.name, machine) === values.founder
      ? [{ path: "init.yaml", content: initConfiguration(args, node, secret) }]
      : []),
    ...(isServer ? onRoot(pkiFiles(values.seed, values.issuedAt)) : []),
  ]);
  return onNode(`${node.name}-join`, node, { script: "cluster/scripts/join.sh", input }, opts);
}

export function founderId(name: string, machine: string): string {
  return `${name} ${machine}`;
}

function tools({ pace }: KubeadmArgs, ...more: string[]): File[] {
  return [
    ...["kubelet.sh", ...more].map((path) => ({ path, content: script(`cluster/scripts/${path}`) })),
    { path: "patience", content: `${pace.restartSeconds}\n` },
  ];
}

/** Its name for the cluster is nobody's but this file's, so that the cluster's own can change without another join. */
function discovery(caPem: string, token: string): string {
  return discoveryKubeconfig({ clusterName: "kubernetes", server: `https://${apiEndpoint}`, caPem }, token);
}
