import { inUseFirst, purposeOf, type Rotation } from "../../lib/rotation";
import {
  type Certificate,
  certificateAuthority,
  halfYearOf,
  issue,
  type LeafArgs,
  signingKey,
} from "../keys/certificates";
import { derive } from "../keys/derive";
import type { File } from "../payload";

/** What the cluster's certificates follow from. */
export interface Issuer {
  /** Base64; a secret. */
  seed: string;
  /** ISO 8601; certificates count from it, but for authorities that came to be later. */
  issuedAt: string;
  /** Which generations of the authorities are trusted, and which one signs. */
  authorities: Rotation;
}

/**
 * The cluster's authorities and keys, from one seed. Every control plane gets the same, so none has to be copied from
 * another. What kubeadm finds here it uses; the rest it issues itself.
 */
export function pkiFiles(issuer: Issuer, serviceAccountKeys: Rotation): File[] {
  return [...authorityFiles(issuer), ...serviceAccountFiles(issuer.seed, serviceAccountKeys)];
}

/** Where the certificate lies with which the controller manager signs. It takes no file that holds more than one. */
export const signingCertificate = "/etc/kubernetes/pki/signing.crt";

/** What a node's kubelet holds to who asks it, and what it holds the API server to. */
export const trustedByKubelet = "/etc/kubernetes/pki/ca.crt";

/**
 * The authorities that are trusted, the one that signs first, which is the one that kubeadm takes; and the keys of those that
 * sign, secrets.
 */
export function authorityFiles(issuer: Issuer): File[] {
  const files = (path: string, name: string): File[] => [
    { path: `/etc/kubernetes/pki/${path}.crt`, content: trusted(issuer, name) },
    { path: `/etc/kubernetes/pki/${path}.key`, content: signs(issuer, name).privateKey, mode: 0o600 },
  ];
  return [
    ...files("ca", names.cluster),
    ...files("front-proxy-ca", names.frontProxy),
    ...files("etcd/ca", names.etcd),
    ...(issuer.authorities.accepted.length > 1
      ? [{ path: signingCertificate, content: signs(issuer, names.cluster).certificate }]
      : []),
  ];
}

/** Each generation has keys of its own for all that it signs: on suspicion none of the former is worth anything. */
const seedOf = (seed: string, generation: number): string =>
  generation === 0 ? seed : derive(seed, purposeOf("authorities", generation), 32).toString("base64");

/** Signing takes its time, and each certificate of each node asks for the same few. */
const made = new Map<string, Certificate>();

/** Of another name in each generation, so that programs which look an authority up by its name find the right one. */
function authority({ seed, issuedAt, authorities }: Issuer, name: string, generation: number): Certificate {
  const since = authorities.since?.[generation] ?? issuedAt;
  const of = [seedOf(seed, generation), purposeOf(name, generation), since] as const;
  const key = of.join(" ");
  const found = made.get(key) ?? certificateAuthority(...of);
  made.set(key, found);
  return found;
}

const signs = (issuer: Issuer, name: string): Certificate => authority(issuer, name, issuer.authorities.used);

function trusted(issuer: Issuer, name: string): string {
  return inUseFirst(issuer.authorities)
    .map((generation) => authority(issuer, name, generation).certificate)
    .join("");
}

/** A certificate by the authority in use, with a key of that generation. */
function issued(issuer: Issuer, name: string, since: string, args: LeafArgs): Certificate {
  return issue(seedOf(issuer.seed, issuer.authorities.used), signs(issuer, name), since, args);
}

/** The key that signs service accounts' tokens, a secret, and those by which tokens are known, the one in use first. */
export function serviceAccountFiles(seed: string, rotation: Rotation): File[] {
  const key = (generation: number) => signingKey(seed, purposeOf("service-account", generation));
  const known = inUseFirst(rotation).map((each) => key(each).publicKey);
  return [
    { path: "/etc/kubernetes/pki/sa.pub", content: known.join("") },
    { path: "/etc/kubernetes/pki/sa.key", content: key(rotation.used).privateKey, mode: 0o600 },
  ];
}

/** PEM of the authorities that sign the API server's certificates: two while they are rotated, the one that signs first. */
export function clusterAuthority(issuer: Issuer): string {
  return trusted(issuer, names.cluster);
}

/** Where a kubelet finds what it proves itself with; it reads them anew where they change. */
export const kubeletServing = {
  tlsCertFile: "/etc/kubernetes/kubelet-serving.crt",
  tlsPrivateKeyFile: "/etc/kubernetes/kubelet-serving.key",
};

/**
 * By which a node's kubelet proves itself to who asks it, by the cluster's authority instead of one of its own that nobody
 * knows; the key is a secret. Of this half-year, and valid for two years.
 */
export function kubeletServingFiles(
  issuer: Issuer,
  { name, address }: { name: string; address: string },
  now = new Date(),
): File[] {
  const leaf = issued(issuer, names.cluster, halfYearOf(issuer.issuedAt, now), {
    commonName: `system:node:${name}`,
    organizations: ["system:nodes"],
    usage: "server",
    dnsNames: [name],
    ipAddresses: [address],
    validDays: 730,
  });
  return [
    { path: kubeletServing.tlsCertFile, content: leaf.certificate },
    { path: kubeletServing.tlsPrivateKeyFile, content: leaf.privateKey, mode: 0o600 },
  ];
}

/**
 * As whom a kubelet comes to the API once the authority that signed what it came with is trusted no more: certificate and key in
 * one PEM, a secret. From then on it has them renewed itself.
 */
export function kubeletClient(issuer: Issuer, name: string, now = new Date()): string {
  const { certificate, privateKey } = issued(issuer, names.cluster, halfYearOf(issuer.issuedAt, now), {
    commonName: `system:node:${name}`,
    organizations: ["system:nodes"],
    usage: "client",
    validDays: 365,
  });
  return certificate + privateKey;
}

/**
 * By which the program's own add-ons prove themselves to the API server, at `NAME.kube-system.svc`. Valid as long as the
 * authority: one that ends unseen would take the API's part with it.
 */
export function serviceCertificate(issuer: Issuer, name: string): Certificate {
  const dnsNames = [`${name}.kube-system.svc`];
  const args = { commonName: `grunnmur:${name}`, usage: "server", dnsNames, validDays: 3650 } as const;
  return issued(issuer, names.cluster, issuer.issuedAt, args);
}

/** A client certificate in the group that kubeadm binds to cluster-admin; of this half-year, and valid for two. */
export function adminCertificate(issuer: Issuer, now = new Date()): Certificate {
  return issued(issuer, names.cluster, halfYearOf(issuer.issuedAt, now), {
    commonName: "grunnmur-admin",
    organizations: ["kubeadm:cluster-admins"],
    usage: "client",
    validDays: 365,
  });
}

/**
 * As whom the environment's Git server tells the agent of pushes. Valid as long as the authority, for what it may is one
 * annotation of one object: a certificate that ends unseen would leave pushes waiting for the agent's next look.
 */
export function gitServerCertificate(issuer: Issuer): Certificate {
  const args = { commonName: "grunnmur:git-server", usage: "client", validDays: 3650 } as const;
  return issued(issuer, names.cluster, issuer.issuedAt, args);
}

/** Files by which etcd is asked who its members are, and told that one leaves; the last is a secret. */
export function etcdClientFiles(issuer: Issuer): File[] {
  const args = { commonName: "grunnmur:membership", usage: "client", validDays: 3650 } as const;
  const client = issued(issuer, names.etcd, issuer.issuedAt, args);
  return [
    { path: "etcd/ca.crt", content: trusted(issuer, names.etcd) },
    { path: "etcd/client.crt", content: client.certificate },
    { path: "etcd/client.key", content: client.privateKey, mode: 0o600 },
  ];
}

/**
 * Secrets are encrypted before they reach etcd (XSalsa20 and Poly1305, a key of 32 bytes). The first key is the one that is
 * written with.
 */
export function encryptionConfiguration(seed: string, { used, accepted }: Rotation): string {
  const key = (generation: number): string => {
    const secret = derive(seed, purposeOf("etcd-encryption", generation), 32).toString("base64");
    return `{ name: key${generation + 1}, secret: ${secret} }`;
  };
  const keys = [used, ...accepted.filter((generation) => generation !== used)].map(key).join(", ");
  return `apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
  - resources: [secrets]
    providers:
      - secretbox:
          keys: [${keys}]
      - identity: {} # reads what was written before encryption; new writes never use it
`;
}

const names = { cluster: "kubernetes", frontProxy: "front-proxy-ca", etcd: "etcd-ca" };
