import { atFirst, type Rotation } from "../../lib/rotation";
import { apiEndpoint, type KubeadmArgs, serverDir } from "./kubeadm";
import { kubeletServing, signingCertificate } from "./pki";
import { flags, kubeadm, yaml } from "./yaml";

/** Of the control plane's images, as the cluster was made with. */
export interface Versions {
  /** Such as `v1.36.4`. */
  kubernetes: string;
  /** Tags of the store's own builds; kubeadm's defaults when absent. */
  etcd?: string;
  coredns?: string;
}

/** What all control planes have in common; kubeadm keeps it in the cluster, for those that join. */
export function clusterConfiguration(args: KubeadmArgs, versions: Versions, authorities = atFirst): string {
  return yaml(controlPlane(args, versions, authorities), kubeletConfiguration(args), kubeProxyConfiguration(args));
}

function controlPlane(
  { clusterName, network, controlPlanes, pace }: KubeadmArgs,
  versions: Versions,
  { accepted }: Rotation,
) {
  return {
    ...kubeadm("ClusterConfiguration"),
    clusterName,
    kubernetesVersion: versions.kubernetes,
    // A key is made, and a handshake signed, in a twentieth of the time that RSA takes.
    encryptionAlgorithm: "ECDSA-P256",
    controlPlaneEndpoint: apiEndpoint,
    networking: { podSubnet: network.podCidr, serviceSubnet: network.serviceCidr, dnsDomain: "cluster.local" },
    ...(versions.coredns ? { dns: { imageTag: versions.coredns } } : {}),
    etcd: {
      local: {
        dataDir: "/var/lib/etcd",
        ...(versions.etcd ? { imageTag: versions.etcd } : {}),
        extraArgs: flags(pace.etcd),
        ...environment(pace.staticPodEnvironment),
      },
    },
    apiServer: {
      certSANs: [...new Set(["127.0.0.1", ...controlPlanes.flatMap(({ address, reach }) => [address, reach]).sort()])],
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
        ...pace.apiServer.flags,
      }),
      ...environment({ ...pace.staticPodEnvironment, ...pace.apiServer.environment }),
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
    // An election always: a control plane that is alone today may have company tomorrow.
    controllerManager: {
      extraArgs: flags({
        // Pod ranges are routed by the site's network and follow the nodes' addresses.
        "allocate-node-cidrs": "false",
        profiling: "false",
        ...(accepted.length > 1 ? { "cluster-signing-cert-file": signingCertificate } : {}),
        ...pace.election,
        ...pace.controllerManager,
      }),
      ...environment(pace.staticPodEnvironment),
    },
    scheduler: {
      extraArgs: flags({ profiling: "false", ...pace.election }),
      ...environment(pace.staticPodEnvironment),
    },
  };
}

const environment = (of: Record<string, string>) => (Object.keys(of).length > 0 ? { extraEnvs: flags(of) } : {});

function kubeletConfiguration({ pace }: KubeadmArgs) {
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    cgroupDriver: "systemd",
    authentication: { anonymous: { enabled: false } },
    ...kubeletServing,
    readOnlyPort: 0,
    protectKernelDefaults: true,
    seccompDefault: true,
    podPidsLimit: 4096,
    // What the node itself needs is kept from pods, so that a full node stays Ready.
    systemReserved: { memory: "256Mi", cpu: "100m", "ephemeral-storage": "1Gi" },
    evictionHard: { "memory.available": "100Mi", "nodefs.available": "5%", "imagefs.available": "5%" },
    serializeImagePulls: false,
    maxParallelImagePulls: 3,
    ...pace.kubelet,
  };
}

/** The kubelet's settings alone: a node whose copy differs fetches the cluster's. */
export function kubeletSettings(args: KubeadmArgs): string {
  return yaml(kubeletConfiguration(args));
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
