import type { Node, SiteNetwork } from "../node/node";
import type { Pace } from "../pace";
import { flags, kubeadm, yaml } from "./yaml";

/** Where every node finds the API: its own HAProxy, which knows all control planes. */
export const apiEndpoint = "127.0.0.1:7443";

export interface KubeadmArgs {
  clusterName: string;
  network: SiteNetwork;
  controlPlanes: Pick<Node, "name" | "address" | "reach">[];
  pace: Pace;
}

export interface Member {
  name: string;
  address: string;
  site: string;
  /** ISO 3166 code of the country in which it stands. */
  country: string;
}

/** Labels by which pods are placed and volumes bound, as the kubelet's flag has them. */
export const placeLabels = ({ site, country }: Pick<Member, "site" | "country">): string =>
  `topology.kubernetes.io/region=${country},topology.kubernetes.io/zone=${site}`;

/**
 * How the machine that makes the cluster does so; with no token it is what kubeadm renders a control plane's files by.
 * What all have in common, `clusterConfiguration`, stands beside it.
 */
export function initConfiguration(args: KubeadmArgs, member: Member, token?: string): string {
  return yaml({
    ...kubeadm("InitConfiguration"),
    ...(token ? { bootstrapTokens: [{ token, ttl: tokenTtl, usages, groups: [bootstrapGroup] }] } : {}),
    localAPIEndpoint: { advertiseAddress: member.address, bindPort: 6443 },
    nodeRegistration: nodeRegistration(args, member),
    patches: { directory: patchesDir },
    timeouts: timeouts(args.pace),
  });
}

/** Configuration with which a node joins; a control plane when `controlPlane`. */
export function joinConfiguration(args: KubeadmArgs, member: Member, token: string, controlPlane: boolean): string {
  const localAPIEndpoint = { advertiseAddress: member.address, bindPort: 6443 };
  return yaml({
    ...kubeadm("JoinConfiguration"),
    // The authority comes with this file: nothing is asked of a server that is not yet trusted.
    discovery: { file: { kubeConfigPath: discoveryPath }, tlsBootstrapToken: token },
    nodeRegistration: nodeRegistration(args, member),
    // kubeadm refuses a folder of patches that is not there, and a worker has none.
    ...(controlPlane ? { controlPlane: { localAPIEndpoint }, patches: { directory: patchesDir } } : {}),
    timeouts: timeouts(args.pace),
  });
}

/** How a control plane that is a member becomes one of another version. */
export function upgradeConfiguration({ pace }: KubeadmArgs, kubernetesVersion: string): string {
  // kubeadm can rewrite the Corefile of versions of CoreDNS that it knows, and ends where it meets a newer one, as ours is.
  const skipPhases = ["addon/coredns"];
  const ignorePreflightErrors = [
    "CoreDNSUnsupportedPlugins",
    "CoreDNSMigration",
    // It has a pod of its own run within a minute, which an emulated machine may not keep.
    ...(pace.lean ? ["CreateJob"] : []),
  ];
  const patches = { directory: patchesDir };
  return yaml({
    ...kubeadm("UpgradeConfiguration"),
    apply: { kubernetesVersion, patches, ignorePreflightErrors, skipPhases },
    node: { patches, skipPhases },
    timeouts: { ...timeouts(pace), upgradeManifests: `${pace.restartSeconds}s` },
  });
}

export const discoveryPath = "/run/grunnmur-discovery.conf";
export const patchesDir = "/etc/kubernetes/patches";
/** What the API server reads beyond kubeadm's own, and what the program's scripts keep. */
export const serverDir = "/etc/kubernetes/grunnmur";

export const bootstrapGroup = "system:bootstrappers:kubeadm:default-node-token";
const usages = ["authentication", "signing"];
// It is deleted when every machine is a member; by the clock it ends where a run breaks off and nobody continues it.
const tokenTtl = "24h";

function nodeRegistration({ pace }: KubeadmArgs, member: Member) {
  const { name, address } = member;
  return {
    name,
    criSocket: "unix:///run/containerd/containerd.sock",
    imagePullPolicy: "IfNotPresent",
    // How many cores are enough is for the rule `control-plane-size` to say.
    ignorePreflightErrors: ["NumCPU"],
    kubeletExtraArgs: flags({
      "node-ip": address,
      "node-labels": placeLabels(member),
      ...pace.kubeletFlags,
    }),
  };
}

function timeouts({ kubeadmSeconds: { health, call } }: Pace): Record<string, string> {
  const [long, short] = [`${health / 60}m`, `${call / 60}m`];
  return {
    controlPlaneComponentHealthCheck: long,
    kubeletHealthCheck: long,
    kubernetesAPICall: short,
    etcdAPICall: short,
    tlsBootstrap: long,
    discovery: long,
  };
}
