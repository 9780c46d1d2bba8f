import { createHash } from "node:crypto";
import { dump } from "js-yaml";
import { isAtFirst, type Rotation } from "../../lib/rotation";
import type { Pace } from "../pace";
import type { File } from "../payload";
import { script } from "../script";
import { patchesDir, serverDir } from "./kubeadm";
import { authorityFiles, encryptionConfiguration, type Issuer, serviceAccountFiles } from "./pki";

/** Of what the API server has keys for, how far each of their rotations is. */
export interface ServerKeys {
  /** Under which Secrets lie in etcd. */
  encryption: Rotation;
  /** By which service accounts' tokens are signed and known. */
  serviceAccountKeys: Rotation;
}

/**
 * What the API server is told beyond kubeadm's own, the authorities and keys that may change while it runs, and what is changed in
 * the pods that kubeadm writes; a secret.
 */
export function serverFiles(issuer: Issuer, { encryption, serviceAccountKeys }: ServerKeys, pace: Pace): File[] {
  const named = ["audit-policy.yaml", "admission.yaml", "authentication.yaml"];
  const read = [
    ...named.map((file) => ({ path: `${serverDir}/${file}`, content: script(`cluster/files/${file}`), mode: 0o600 })),
    { path: `${serverDir}/encryption.yaml`, content: encryptionConfiguration(issuer.seed, encryption), mode: 0o600 },
  ];
  const keys = serviceAccountFiles(issuer.seed, serviceAccountKeys);
  const signing = keys.filter(({ path }) => path.endsWith(".key"));
  const authorities = authorityFiles(issuer);
  // Those that a pod was made with make it no other.
  const rotated = isAtFirst(issuer.authorities) ? [] : authorities;
  const hashes = {
    "kube-apiserver": hash([...read, ...keys, ...rotated]),
    "kube-controller-manager": hash([...signing, ...rotated]),
    ...(rotated.length > 0 ? { etcd: hash(rotated), "kube-scheduler": hash(rotated) } : {}),
  };
  return [...read, ...keys, ...authorities, ...patches(pace, hashes)];
}

function hash(files: File[]): string {
  return createHash("sha256").update(JSON.stringify(files)).digest("hex");
}

/**
 * Patches of kubeadm: rarer probes, patient ones and one CoreDNS where CPUs are emulated, and in pods that read our files the
 * hash of those. They read them at their start, and with another hash it is another pod.
 * @param hashes by the pod's name
 */
export function patches(pace: Pace, hashes: Record<string, string>): File[] {
  const files = staticPods.map((name) => {
    const annotated = hashes[name] ? { metadata: { annotations: { "grunnmur/files": hashes[name] } } } : {};
    const patch = { ...annotated, ...probes(name, pace) };
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

function probes(name: string, { staticPodProbe: probe, staticPodReadiness, staticPodCpu }: Pace): object {
  // kubeadm gives the controller manager none.
  const readiness = name === "kube-controller-manager" ? {} : { readinessProbe: staticPodReadiness };
  const patience = probe
    ? {
        livenessProbe: probe,
        startupProbe: { ...probe, periodSeconds: 10, failureThreshold: 90 },
      }
    : {};
  const cpu = staticPodCpu?.[name];
  const container = { name, ...readiness, ...patience, ...(cpu && { resources: { requests: { cpu } } }) };
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
