import { createHash } from "node:crypto";
import { dump } from "js-yaml";
import type { Rotation } from "../../lib/rotation";
import type { Pace } from "../pace";
import type { File } from "../payload";
import { script } from "../script";
import { patchesDir, serverDir } from "./kubeadm";
import { encryptionConfiguration } from "./pki";

/** What the API server is told beyond kubeadm's own, and what is changed in the pods that kubeadm writes; a secret. */
export function serverFiles(seed: string, encryption: Rotation, pace: Pace): File[] {
  const named = ["audit-policy.yaml", "admission.yaml", "authentication.yaml"];
  const read = [
    ...named.map((file) => ({ path: `${serverDir}/${file}`, content: script(`cluster/files/${file}`), mode: 0o600 })),
    { path: `${serverDir}/encryption.yaml`, content: encryptionConfiguration(seed, encryption), mode: 0o600 },
  ];
  return [...read, ...patches(pace, hash(read))];
}

function hash(files: File[]): string {
  return createHash("sha256").update(JSON.stringify(files)).digest("hex");
}

/**
 * Patches of kubeadm: rarer probes, patient ones and one CoreDNS where CPUs are emulated, and in the API server's pod the
 * hash of the files it reads. It reads them at its start, and with another hash it is another pod.
 */
export function patches(pace: Pace, filesHash: string): File[] {
  const annotated = { metadata: { annotations: { "grunnmur/files": filesHash } } };
  const files = staticPods.map((name) => {
    const patch = { ...(name === "kube-apiserver" ? annotated : {}), ...probes(name, pace) };
    return Object.keys(patch).length > 0
      ? [{ path: `${patchesDir}/${name}+strategic.yaml`, content: dump(patch) }]
      : [];
  });
  const lean = pace.lean
    ? [{ path: `${patchesDir}/corednsdeployment+strategic.yaml`, content: dump(coredns(pace)) }]
    : [];
  return [...files.flat(), ...lean];
}

const staticPods = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"];

function probes(name: string, { staticPodProbe: probe, staticPodReadiness }: Pace): object {
  // kubeadm gives the controller manager none.
  const readiness = name === "kube-controller-manager" ? {} : { readinessProbe: staticPodReadiness };
  const patience = probe
    ? {
        livenessProbe: probe,
        startupProbe: { ...probe, periodSeconds: 10, failureThreshold: 90 },
        resources: { requests: { cpu: "50m" } },
      }
    : {};
  const container = { name, ...readiness, ...patience };
  return Object.keys(container).length > 1 ? { spec: { containers: [container] } } : {};
}

function coredns({ staticPodProbe }: Pace): object {
  const container = {
    name: "coredns",
    resources: { requests: { cpu: "20m", memory: "40Mi" } },
    livenessProbe: { ...staticPodProbe, initialDelaySeconds: 120 },
  };
  return { spec: { replicas: 1, template: { spec: { containers: [container] } } } };
}
