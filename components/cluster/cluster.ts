import { local } from "@pulumi/command";
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Certificate } from "../keys/certificates";
import { makeSeed } from "../keys/seed";
import { administrators } from "../node/administrators";
import { installFiles, type Unit } from "../node/install-files";
import type { Egress, Node, SiteNetwork } from "../node/node";
import { siteFiles, siteUnits } from "../node/site-files";
import { paceOf } from "../pace";
import type { File } from "../payload";
import type { RegistryAccess } from "../registry/registry";
import { apiGateFiles, apiGateUnit } from "./api-gate";
import type { Versions } from "./cluster-configuration";
import { registryHosts } from "./containerd";
import { type Access, type Shared, serverAt, serversOf } from "./from-here";
import type { KubeadmArgs } from "./kubeadm";
import { kubeconfig, type Server } from "./kubeconfig";
import { closeAdmission, emptyOthers, founderId, member, place, rewriteSecrets, trustInPods } from "./membership";
import { nodeFiles, renewalFiles, shareFiles } from "./node-files";
import {
  adminCertificate,
  clusterAuthority,
  gitServerCertificate,
  type Issuer,
  kubeletServingFiles,
  serviceCertificate,
} from "./pki";
import type { ServerKeys } from "./server-files";
import { virtualAddressFiles, virtualAddressUnit } from "./virtual-address";

export interface ClusterArgs {
  clusterName: string;
  /** Such as `v1.36.4`. */
  kubernetesVersion: string;
  /** An odd number. The first makes the cluster, once; the program and its person talk to its API server. */
  controlPlanes: Node[];
  workers: Node[];
  /** Every node of the environment, the registry's too. */
  peers: Pick<Node, "name" | "role" | "address">[];
  network: SiteNetwork;
  egress: Egress;
  registry: RegistryAccess;
  /** Tags under which the store's images of etcd and CoreDNS lie; kubeadm's own when absent. */
  etcdTag?: string;
  corednsTag?: string;
  /** Brings an environment that there is to these versions; otherwise it keeps those that it has. */
  upgrade?: boolean;
  /** Public SSH keys of those who may log in to machines that the program made. */
  administrators: pulumi.Input<string[]>;
  keys: pulumi.Input<ServerKeys & Pick<Issuer, "authorities">>;
  /** Where people find the API, a host or `host:port` in front of all control planes. */
  endpoint?: string;
  /** Address in the site's network that one of the control planes has. */
  virtualAddress?: string;
  emulated: boolean;
  /** Path of kubectl on the machine that runs the program. */
  kubectl: string;
  /** Which of the API servers the program talks to; the first when absent. */
  choose?: (servers: [Server, ...Server[]]) => Promise<Server>;
  /** ISO 8601; certificates count from it. */
  issuedAt: pulumi.Input<string>;
}

/** Kubernetes by kubeadm on the environment's nodes. */
export class Cluster extends pulumi.ComponentResource {
  /** For the program itself, on the machine that runs it; a secret. */
  readonly kubeconfig: pulumi.Output<string>;
  /** For people: its current context is that of the endpoint, if there is one. A secret. */
  readonly administration: pulumi.Output<string>;
  readonly provider: kubernetes.Provider;
  /** For what the program asks of the cluster by scripts of its own. */
  readonly access: Access;
  /** PEM of the authority that signs the API servers' certificates. */
  readonly caPem: pulumi.Output<string>;
  /** As whom the environment's Git server tells the agent of pushes; a secret. */
  readonly gitServerCertificate: pulumi.Output<Certificate>;
  /** Depend on these: every node is a member. */
  readonly members: pulumi.Resource[];
  /** Never replaced: it is deleted with the environment, and only then. */
  readonly begun: pulumi.Resource;

  constructor(name: string, args: ClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    const { clusterName, kubernetesVersion, controlPlanes, workers, network, emulated } = args;
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
        egress: args.egress,
      },
      opts,
    );
    const first = controlPlanes[0];
    if (!first) throw new Error("a cluster needs at least one control plane");
    const kubeadm: KubeadmArgs = { clusterName, network, controlPlanes, pace: paceOf(emulated) };
    const seed = makeSeed(`${name}-seed`, this, { protect: true });
    const origin = this.origin(name, first, args);
    this.begun = origin;
    const begun = origin.stdout.apply((text): { founder: string; versions: Versions } => JSON.parse(text));
    const versions = this.versions(name, begun, args);
    const shared: pulumi.Output<Shared> = pulumi
      .all([seed, args.issuedAt, begun, versions, args.keys])
      .apply(([base64, issuedAt, { founder }, now, keys]) => ({
        ...keys,
        founder,
        versions: now,
        seed: base64,
        issuedAt,
        caPem: clusterAuthority({ seed: base64, issuedAt, authorities: keys.authorities }),
      }));
    const access: Access = { kubectl: args.kubectl, args: kubeadm, shared };
    this.access = access;
    const emptied = emptyOthers(`${name}-emptied`, nodes, access, { parent: this, dependsOn: [] });

    const prepared = new Map(nodes.map((node) => [node.name, this.prepare(node, args, shared, emptied)]));
    const joined = (node: Node, after: pulumi.Resource[], also: pulumi.Resource[] = []): pulumi.Resource => {
      const has = place(node, access, origin, { parent: this, dependsOn: after });
      const dependsOn = [...(prepared.get(node.name) ?? []), ...also, ...after, has];
      return member(node, kubeadm, shared, { parent: this, dependsOn });
    };
    const servers: pulumi.Resource[] = [];
    const machines = controlPlanes.map((node) => node.ready);
    for (const node of controlPlanes) {
      // One after the other: the first makes the cluster, once it sees that the others are machines without one; etcd takes
      // one new member at a time; and a change that stops an API server is not carried to the next.
      // What another version is pulled from must hold it by then.
      servers.push(joined(node, servers.slice(-1), args.upgrade ? [...machines, args.registry.ready] : machines));
    }
    this.members = [...servers, ...workers.map((node) => joined(node, servers))];
    rewriteSecrets(`${name}-secrets-rewritten`, access, { parent: this, dependsOn: servers });
    trustInPods(`${name}-authorities-in-pods`, access, { parent: this, dependsOn: this.members });
    closeAdmission(`${name}-admission-closed`, nodes, access, { parent: this, dependsOn: this.members });

    const known = serversOf(controlPlanes);
    const chosen = args.choose?.(known) ?? Promise.resolve(known[0]);
    const configFor = (front: readonly Server[]) =>
      pulumi.secret(
        pulumi.all([shared, chosen]).apply(([issuer, current]) => {
          const own = [...front, current, ...known.filter(({ name }) => name !== current.name)];
          const servers = own.map((server, index) => ({
            ...server,
            name: index === 0 ? clusterName : `${clusterName}-${server.name}`,
          }));
          return kubeconfig(
            { servers: servers as [Server, ...Server[]], caPem: issuer.caPem },
            adminCertificate(issuer),
          );
        }),
      );
    this.kubeconfig = configFor([]);
    const endpoint = args.endpoint ?? args.virtualAddress;
    this.administration = endpoint ? configFor([serverAt(endpoint)]) : this.kubeconfig;
    this.caPem = pulumi.unsecret(shared.apply(({ caPem }) => caPem));
    this.gitServerCertificate = pulumi.secret(shared.apply(gitServerCertificate));
    this.provider = new kubernetes.Provider(
      `${name}-api`,
      {
        kubeconfig: this.kubeconfig,
        // A changed one replaces every object, which deletes them all from the cluster. This never changes, and is known when
        // the kubeconfig is not, so that a first preview plans no replacements.
        clusterIdentifier: name,
        enableConfigMapMutable: true,
        enableSecretMutable: true,
        // A second run continues where the first broke off, and what somebody edited by hand is set right.
        upsertExistingObjects: true,
        enablePatchForce: true,
      },
      // Nor does the one that an environment was made with.
      { parent: this, dependsOn: servers, ignoreChanges: ["clusterIdentifier"] },
    );
    this.registerOutputs({});
  }

  /** By which an add-on of this name proves itself to the API server; a secret. */
  serviceCertificate(name: string): pulumi.Output<Certificate> {
    return pulumi.secret(this.access.shared.apply((issuer) => serviceCertificate(issuer, name)));
  }

  /** Images, pod network and the way to the API, before the node is a member. */
  private prepare(
    node: Node,
    { network, egress, peers, registry, controlPlanes, emulated, virtualAddress, administrators: keys }: ClusterArgs,
    shared: pulumi.Output<Shared>,
    emptied: pulumi.Resource,
  ): pulumi.Resource[] {
    const trust = pulumi.all([registry.caPem, registry.reader, keys, shared]);
    const files: pulumi.Output<File[]> = trust.apply(([caPem, reader, adminKeys, issuer]) => [
      ...(node.made ? [administrators(adminKeys)] : []),
      ...siteFiles(network, egress, node, peers, registry.host),
      ...nodeFiles(network, node.address, peers, controlPlanes, paceOf(emulated)),
      ...registryHosts({ host: registry.host, caPem, reader }),
      ...kubeletServingFiles(issuer, node),
      ...(node.role === "control-plane"
        ? [
            ...renewalFiles(paceOf(emulated)),
            ...shareFiles(paceOf(emulated)),
            ...apiGateFiles(paceOf(emulated)),
            ...virtualAddressFiles(node, controlPlanes, virtualAddress, paceOf(emulated)),
          ]
        : []),
    ]);
    const own = node.role === "control-plane" ? [renewal, virtualAddressUnit, apiGateUnit] : [];
    return [
      installFiles(`${node.name}-files`, node, files, [...units, ...own], {
        parent: this,
        dependsOn: [node.ready, emptied],
      }),
    ];
  }

  /** Of the control plane: those that it was made with, until somebody upgrades it. Newer artifacts change nothing by themselves. */
  private versions(
    name: string,
    begun: pulumi.Output<{ versions: Versions }>,
    args: ClusterArgs,
  ): pulumi.Output<Versions> {
    const input = args.upgrade ? versionsOf(args) : begun.versions;
    const ignoreChanges = args.upgrade ? [] : ["input"];
    const kept = new pulumi.Stash(`${name}-versions`, { input }, { parent: this, ignoreChanges });
    return kept.input as pulumi.Output<Versions>;
  }

  /**
   * What was so when the cluster was begun, and stays so: the machine that makes it, and the versions that it began with. A
   * machine made anew only joins.
   */
  private origin(name: string, first: Node, args: ClusterArgs): local.Command {
    const versions = versionsOf(args);
    const stdin = pulumi
      .output(first.machine)
      .apply((machine) => JSON.stringify({ founder: founderId(first.name, machine), versions }));
    return new local.Command(
      `${name}-origin`,
      { create: "cat", stdin, addPreviousOutputInEnv: false, logging: "none" },
      { parent: this, ignoreChanges: ["create", "stdin"] },
    );
  }
}

function versionsOf({ kubernetesVersion: kubernetes, etcdTag: etcd, corednsTag: coredns }: ClusterArgs): Versions {
  return { kubernetes, etcd, coredns };
}

const units: Unit[] = [
  ...siteUnits,
  { name: "grunnmur-pod-egress.service", watches: "/etc/nftables.d/pods.nft" },
  { name: "haproxy.service", watches: "/etc/haproxy", reload: true },
  // Enabled and started here, with the settings that the golden image brings; it reads certs.d at every pull.
  { name: "containerd.service", watches: "/etc/containerd/config.toml" },
];

const renewal: Unit = { name: "grunnmur-certificates.timer", watches: "/etc/systemd/system/grunnmur-certificates" };
