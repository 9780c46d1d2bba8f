import type { remote } from "@pulumi/command";
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { makeSeed } from "../keys/seed";
import { installFiles, type Unit } from "../node/install-files";
import type { Node, SiteNetwork } from "../node/node";
import { onNode } from "../node/on-node";
import { siteFiles, siteUnits } from "../node/site-files";
import { type File, onRoot } from "../payload";
import type { RegistryAccess } from "../registry/registry";
import { script } from "../script";
import { registryHosts } from "./containerd";
import {
  apiEndpoint,
  initConfiguration,
  joinConfiguration,
  type KubeadmArgs,
  patches,
  serverDir,
  tokenSecret,
} from "./kubeadm";
import { discoveryKubeconfig, kubeconfig } from "./kubeconfig";
import { nodeFiles } from "./node-files";
import { adminCertificate, clusterAuthority, encryptionConfiguration, pkiFiles } from "./pki";

export interface ClusterArgs {
  clusterName: string;
  /** Such as `v1.36.4`. */
  kubernetesVersion: string;
  /** An odd number; none of them is special. */
  controlPlanes: Node[];
  workers: Node[];
  /** Every node of the environment, the registry's too. */
  peers: Pick<Node, "name" | "role" | "address">[];
  network: SiteNetwork;
  /** ISO 3166 code of the country in which the nodes stand. */
  country: string;
  registry: RegistryAccess;
  /** Tags under which the store's images of etcd and CoreDNS lie; kubeadm's own when absent. */
  etcdTag?: string;
  corednsTag?: string;
  emulated: boolean;
  /** ISO 8601; certificates count from it. */
  issuedAt: pulumi.Input<string>;
}

/** What belongs to the cluster and not to one node. */
interface Shared {
  seed: string;
  issuedAt: string;
  token: string;
  caPem: string;
}

/** Kubernetes by kubeadm on the environment's nodes. */
export class Cluster extends pulumi.ComponentResource {
  /** For administration from the machine that runs the program; a secret. */
  readonly kubeconfig: pulumi.Output<string>;
  readonly provider: kubernetes.Provider;
  /** Depend on these: every node is a member. */
  readonly members: pulumi.Resource[];

  constructor(name: string, args: ClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    const { clusterName, kubernetesVersion, controlPlanes, workers, network, emulated, country } = args;
    const nodes = [...controlPlanes, ...workers];
    super(
      "grunnmur:cluster:Cluster",
      name,
      {
        clusterName,
        kubernetesVersion,
        controlPlanes: controlPlanes.length,
        workers: workers.length,
        network,
        country,
      },
      opts,
    );
    const kubeadm: KubeadmArgs = { ...args, emulated };
    const seed = makeSeed(`${name}-seed`, this);
    const token = joinToken(name, nodes, this);
    const shared: pulumi.Output<Shared> = pulumi
      .all([seed, args.issuedAt, token.value])
      .apply(([base64, issuedAt, secret]) => ({
        seed: base64,
        issuedAt,
        token: secret,
        caPem: clusterAuthority(base64, issuedAt),
      }));

    const prepared = new Map(nodes.map((node) => [node.name, this.prepare(node, args)]));
    const made: pulumi.Resource[] = [];
    const machines = controlPlanes.map((node) => node.ready);
    for (const node of controlPlanes) {
      // One after the other: the first makes the cluster, once it sees that the others are machines without one, and
      // etcd takes one new member at a time.
      const dependsOn = [...(prepared.get(node.name) ?? []), ...machines, ...made.slice(-1)];
      made.push(this.controlPlane(node, kubeadm, shared, dependsOn));
    }
    const first = controlPlanes[0];
    if (!first) throw new Error("a cluster needs at least one control plane");
    this.members = [
      ...made,
      ...workers.map((node) => this.worker(node, kubeadm, shared, [...(prepared.get(node.name) ?? []), ...made])),
    ];
    onNode(
      `${name}-admission-closed`,
      first,
      { script: "cluster/scripts/close-admission.sh", triggers: [token.id] },
      { parent: this, dependsOn: this.members },
    );

    this.kubeconfig = pulumi.secret(
      shared.apply(({ seed: base64, issuedAt, caPem }) =>
        kubeconfig({ clusterName, server: `https://${first.reach}:6443`, caPem }, adminCertificate(base64, issuedAt)),
      ),
    );
    this.provider = new kubernetes.Provider(
      `${name}-api`,
      {
        kubeconfig: this.kubeconfig,
        // Known when the kubeconfig is not, so that a first preview plans no replacements.
        clusterIdentifier: clusterName,
        deleteUnreachable: true,
        enableConfigMapMutable: true,
        enableSecretMutable: true,
        // A second run continues where the first broke off, and what somebody edited by hand is set right.
        upsertExistingObjects: true,
        enablePatchForce: true,
      },
      { parent: this, dependsOn: made },
    );
    this.registerOutputs({});
  }

  /** Images, pod network and the way to the API, before the node is a member. */
  private prepare(node: Node, { network, peers, registry, controlPlanes }: ClusterArgs): pulumi.Resource[] {
    const trust = pulumi.all([registry.caPem, registry.reader]);
    const files: pulumi.Output<File[]> = trust.apply(([caPem, reader]) => [
      ...siteFiles(network, node, peers, registry.host),
      ...nodeFiles(network, node.address, controlPlanes),
      ...registryHosts({ host: registry.host, caPem, reader }),
    ]);
    return [installFiles(`${node.name}-files`, node, files, units, { parent: this, dependsOn: [node.ready] })];
  }

  private controlPlane(
    node: Node,
    args: KubeadmArgs,
    shared: pulumi.Output<Shared>,
    dependsOn: pulumi.Resource[],
  ): remote.Command {
    const peers = args.controlPlanes.filter((peer) => peer.name !== node.name);
    return this.membership(node, "cluster/scripts/control-plane.sh", dependsOn, shared, (values) => [
      { path: "init.yaml", content: initConfiguration(args, node, values.token) },
      { path: "join.yaml", content: joinConfiguration(args, node, values.token, true) },
      { path: "discovery.conf", content: discovery(args, values) },
      { path: "token.yaml", content: tokenSecret(values.token) },
      { path: "find-cluster.sh", content: script("cluster/scripts/find-cluster.sh") },
      { path: "peers", content: peers.map(({ address }) => `${address}\n`).join("") },
      ...onRoot([...pkiFiles(values.seed, values.issuedAt), ...serverFiles(values.seed), ...patches(args)]),
    ]);
  }

  private worker(
    node: Node,
    args: KubeadmArgs,
    shared: pulumi.Output<Shared>,
    dependsOn: pulumi.Resource[],
  ): remote.Command {
    return this.membership(node, "cluster/scripts/worker.sh", dependsOn, shared, (values) => [
      { path: "join.yaml", content: joinConfiguration(args, node, values.token, false) },
      { path: "discovery.conf", content: discovery(args, values) },
      ...onRoot([{ path: `${serverDir}/role`, content: "worker\n" }]),
    ]);
  }

  private membership(
    node: Node,
    path: string,
    dependsOn: pulumi.Resource[],
    shared: pulumi.Output<Shared>,
    files: (values: Shared) => File[],
  ): remote.Command {
    return onNode(
      `${node.name}-membership`,
      node,
      { script: path, input: shared.apply(files) },
      { parent: this, dependsOn },
    );
  }
}

const units: Unit[] = [
  ...siteUnits,
  { name: "grunnmur-pod-egress.service", watches: "/etc/nftables.d" },
  { name: "haproxy.service", watches: "/etc/haproxy" },
  { name: "containerd.service", watches: "/etc/containerd/config.toml" },
];

interface JoinToken {
  id: pulumi.Output<string>;
  /** `id.secret`. */
  value: pulumi.Output<string>;
}

/** A token for the nodes of this set of machines; another set gets another. */
function joinToken(name: string, nodes: Node[], parent: pulumi.Resource): JoinToken {
  const keepers = pulumi.output(nodes.map((node) => node.machine)).apply((ids) => ({ machines: ids.join(" ") }));
  const settings = { special: false, upper: false, keepers };
  const id = new random.RandomString(`${name}-token-id`, { length: 6, ...settings }, { parent }).result;
  const secret = new random.RandomPassword(`${name}-token-secret`, { length: 16, ...settings }, { parent }).result;
  return { id, value: pulumi.secret(pulumi.interpolate`${id}.${secret}`) };
}

/** What the API server is told beyond kubeadm's own. */
function serverFiles(seed: string): File[] {
  const named = ["audit-policy.yaml", "admission.yaml", "authentication.yaml"];
  return [
    ...named.map((file) => ({ path: `${serverDir}/${file}`, content: script(`cluster/files/${file}`), mode: 0o600 })),
    { path: `${serverDir}/encryption.yaml`, content: encryptionConfiguration(seed), mode: 0o600 },
  ];
}

function discovery({ clusterName }: KubeadmArgs, { caPem, token }: Shared): string {
  return discoveryKubeconfig({ clusterName, server: `https://${apiEndpoint}`, caPem }, token);
}
