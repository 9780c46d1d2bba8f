import { dump } from "js-yaml";
import type { Node, SiteNetwork } from "../node/node";
import type { File } from "../payload";

/** Where every node finds the API: its own HAProxy, which knows all control planes. */
export const apiEndpoint = "127.0.0.1:7443";

export interface KubeadmArgs {
  clusterName: string;
  /** Such as `v1.36.4`. */
  kubernetesVersion: string;
  network: SiteNetwork;
  controlPlanes: Pick<Node, "name" | "address" | "reach">[];
  /** Tags of the store's own builds; kubeadm's defaults when absent. */
  etcdTag?: string;
  corednsTag?: string;
  /** Guests on emulated CPUs get longer timeouts and fewer moving parts. */
  emulated: boolean;
  /** GDPR region of the nodes, an ISO 3166 country code. */
  country: string;
}

export interface Member {
  name: string;
  address: string;
  site: string;
}

/** Configuration with which the first control plane makes the cluster. */
export function initConfiguration(args: KubeadmArgs, member: Member, token: string): string {
  return yaml(
    {
      ...kubeadm("InitConfiguration"),
      bootstrapTokens: [{ token, ttl: endless, usages: ["authentication", "signing"], groups: [bootstrapGroup] }],
      localAPIEndpoint: { advertiseAddress: member.address, bindPort: 6443 },
      nodeRegistration: nodeRegistration(args, member),
      ...patchesOf(args),
      timeouts,
    },
    clusterConfiguration(args),
    kubeletConfiguration(args),
    kubeProxyConfiguration(args),
  );
}

/** Configuration with which a node joins; a control plane when `controlPlane`. */
export function joinConfiguration(args: KubeadmArgs, member: Member, token: string, controlPlane: boolean): string {
  return yaml({
    ...kubeadm("JoinConfiguration"),
    // The authority comes with this file: nothing is asked of a server that is not yet trusted.
    discovery: { file: { kubeConfigPath: discoveryPath }, tlsBootstrapToken: token },
    ...(controlPlane
      ? { controlPlane: { localAPIEndpoint: { advertiseAddress: member.address, bindPort: 6443 } } }
      : {}),
    nodeRegistration: nodeRegistration(args, member),
    ...(controlPlane ? patchesOf(args) : {}),
    timeouts,
  });
}

/** kubeadm refuses a folder of patches that is not there, so it is named only where there are some. */
function patchesOf(args: KubeadmArgs) {
  return patches(args).length > 0 ? { patches: { directory: patchesDir } } : {};
}

export const discoveryPath = "/run/grunnmur-discovery.conf";
export const patchesDir = "/etc/kubernetes/patches";
const bootstrapGroup = "system:bootstrappers:kubeadm:default-node-token";
// The token is deleted when every machine is a member. By the clock it could end before, in a run that is continued.
const endless = "0s";

/** The token as the object that lets machines join a cluster which is there already; a secret. */
export function tokenSecret(token: string): string {
  const [id = "", secret = ""] = token.split(".");
  return yaml({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: `bootstrap-token-${id}`, namespace: "kube-system" },
    type: "bootstrap.kubernetes.io/token",
    stringData: {
      "token-id": id,
      "token-secret": secret,
      "usage-bootstrap-authentication": "true",
      "usage-bootstrap-signing": "true",
      "auth-extra-groups": bootstrapGroup,
    },
  });
}

function clusterConfiguration(args: KubeadmArgs) {
  const { network, controlPlanes, emulated } = args;
  const single = controlPlanes.length === 1;
  // One control plane has no rival: an election it can lose only restarts it.
  const election = single ? { "leader-elect": "false" } : {};
  const etcdPace = emulated ? { "heartbeat-interval": "1000", "election-timeout": "10000" } : {};
  return {
    ...kubeadm("ClusterConfiguration"),
    clusterName: args.clusterName,
    kubernetesVersion: args.kubernetesVersion,
    // A key is made, and a handshake signed, in a twentieth of the time that RSA takes.
    encryptionAlgorithm: "ECDSA-P256",
    controlPlaneEndpoint: apiEndpoint,
    networking: { podSubnet: network.podCidr, serviceSubnet: network.serviceCidr, dnsDomain: "cluster.local" },
    ...(args.corednsTag ? { dns: { imageTag: args.corednsTag } } : {}),
    etcd: {
      local: {
        dataDir: "/var/lib/etcd",
        ...(args.etcdTag ? { imageTag: args.etcdTag } : {}),
        extraArgs: flags({ ...etcdPace }),
      },
    },
    apiServer: {
      certSANs: [...new Set(["127.0.0.1", ...controlPlanes.flatMap(({ address, reach }) => [address, reach])])],
      extraArgs: flags({
        "admission-control-config-file": `${serverDir}/admission.yaml`,
        "audit-log-maxage": "30",
        "audit-log-maxbackup": "10",
        "audit-log-maxsize": "100",
        "audit-log-path": "/var/log/kubernetes/audit.log",
        "audit-policy-file": `${serverDir}/audit-policy.yaml`,
        "authentication-config": `${serverDir}/authentication.yaml`,
        "encryption-provider-config": `${serverDir}/encryption.yaml`,
        profiling: "false",
      }),
      extraVolumes: [
        { name: "grunnmur", hostPath: serverDir, mountPath: serverDir, readOnly: true, pathType: "Directory" },
        {
          name: "audit",
          hostPath: "/var/log/kubernetes",
          mountPath: "/var/log/kubernetes",
          pathType: "DirectoryOrCreate",
        },
      ],
    },
    controllerManager: {
      extraArgs: flags({
        // Pod ranges are routed by the site's network and follow the nodes' addresses.
        "allocate-node-cidrs": "false",
        profiling: "false",
        ...election,
        ...(emulated ? { "node-monitor-grace-period": "2m", controllers: emulatedControllers } : {}),
      }),
    },
    scheduler: { extraArgs: flags({ profiling: "false", ...election }) },
  };
}

// kubeadm's own list less the one that checks the types in admission policies, against every kind's schema: that is advice,
// the policies are tested on a real API server, and on emulated CPUs it takes minutes while the environment starts.
const emulatedControllers =
  "*,bootstrap-signer-controller,token-cleaner-controller,-validatingadmissionpolicy-status-controller";

export const serverDir = "/etc/kubernetes/grunnmur";

function kubeletConfiguration({ emulated }: KubeadmArgs) {
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    cgroupDriver: "systemd",
    authentication: { anonymous: { enabled: false } },
    readOnlyPort: 0,
    protectKernelDefaults: true,
    seccompDefault: true,
    podPidsLimit: 4096,
    // What the node itself needs is kept from pods, so that a full node stays Ready.
    systemReserved: { memory: "256Mi", cpu: "100m", "ephemeral-storage": "1Gi" },
    evictionHard: { "memory.available": "100Mi", "nodefs.available": "5%", "imagefs.available": "5%" },
    serializeImagePulls: false,
    maxParallelImagePulls: 3,
    ...(emulated ? { nodeStatusUpdateFrequency: "20s", volumeStatsAggPeriod: "5m", runtimeRequestTimeout: "10m" } : {}),
  };
}

function kubeProxyConfiguration({ network }: KubeadmArgs) {
  return {
    apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
    kind: "KubeProxyConfiguration",
    mode: "nftables",
    clusterCIDR: network.podCidr,
    conntrack: { maxPerCore: 0 },
  };
}

function nodeRegistration({ country, emulated }: KubeadmArgs, { name, address, site }: Member) {
  return {
    name,
    criSocket: "unix:///run/containerd/containerd.sock",
    imagePullPolicy: "IfNotPresent",
    kubeletExtraArgs: flags({
      "node-ip": address,
      "node-labels": `topology.kubernetes.io/region=${country},topology.kubernetes.io/zone=${site}`,
      ...(emulated ? { "housekeeping-interval": "60s" } : {}),
    }),
  };
}

/** Changes that kubeadm makes to what it writes itself: one CoreDNS and patient probes where CPUs are emulated. */
export function patches({ emulated }: KubeadmArgs): File[] {
  if (!emulated) return [];
  const probe = { timeoutSeconds: 60, periodSeconds: 30, failureThreshold: 20 };
  const patient = (name: string) => ({
    spec: {
      containers: [
        {
          name,
          livenessProbe: probe,
          startupProbe: { ...probe, periodSeconds: 10, failureThreshold: 90 },
          ...(name === "etcd" || name === "kube-apiserver"
            ? { readinessProbe: { timeoutSeconds: 30, periodSeconds: name === "etcd" ? 10 : 5, failureThreshold: 10 } }
            : {}),
          resources: { requests: { cpu: "50m" } },
        },
      ],
    },
  });
  const staticPods = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"];
  const coredns = {
    spec: {
      replicas: 1,
      template: {
        spec: {
          containers: [
            {
              name: "coredns",
              resources: { requests: { cpu: "20m", memory: "40Mi" } },
              livenessProbe: { ...probe, initialDelaySeconds: 120 },
            },
          ],
        },
      },
    },
  };
  return [
    ...staticPods.map((name) => ({ path: `${patchesDir}/${name}+strategic.yaml`, content: dump(patient(name)) })),
    { path: `${patchesDir}/corednsdeployment+strategic.yaml`, content: dump(coredns) },
  ];
}

const timeouts = {
  controlPlaneComponentHealthCheck: "10m",
  kubeletHealthCheck: "10m",
  kubernetesAPICall: "5m",
  etcdAPICall: "5m",
  tlsBootstrap: "10m",
  discovery: "10m",
};

function kubeadm(kind: string) {
  return { apiVersion: "kubeadm.k8s.io/v1beta4", kind };
}

function flags(values: Record<string, string | undefined>): { name: string; value: string }[] {
  return Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }]));
}

function yaml(...documents: object[]): string {
  return documents.map((document) => dump(document)).join("---\n");
}
