import { purposeOf, type Rotation } from "../../lib/rotation";
import { type Certificate, certificateAuthority, halfYearOf, issue, signingKey } from "../keys/certificates";
import { derive } from "../keys/derive";
import type { File } from "../payload";

/**
 * The cluster's authorities and keys, from one seed. Every control plane gets the same, so none has to be copied from
 * another. What kubeadm finds here it uses; the rest it issues itself.
 */
export function pkiFiles(seed: string, issuedAt: string, serviceAccountKeys: Rotation): File[] {
  const authority = (path: string, commonName: string): File[] => {
    const ca = certificateAuthority(seed, commonName, issuedAt);
    return [
      { path: `/etc/kubernetes/pki/${path}.crt`, content: ca.certificate },
      { path: `/etc/kubernetes/pki/${path}.key`, content: ca.privateKey, mode: 0o600 },
    ];
  };
  return [
    ...authority("ca", names.cluster),
    ...authority("front-proxy-ca", names.frontProxy),
    ...authority("etcd/ca", names.etcd),
    ...serviceAccountFiles(seed, serviceAccountKeys),
  ];
}

/** The key that signs service accounts' tokens, a secret, and those by which tokens are known, the one in use first. */
export function serviceAccountFiles(seed: string, { used, accepted }: Rotation): File[] {
  const key = (generation: number) => signingKey(seed, purposeOf("service-account", generation));
  const others = accepted.filter((generation) => generation !== used);
  return [
    { path: "/etc/kubernetes/pki/sa.pub", content: [used, ...others].map((each) => key(each).publicKey).join("") },
    { path: "/etc/kubernetes/pki/sa.key", content: key(used).privateKey, mode: 0o600 },
  ];
}

/** PEM of the authority that signs the API server's certificates. */
export function clusterAuthority(seed: string, issuedAt: string): string {
  return certificateAuthority(seed, names.cluster, issuedAt).certificate;
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
  seed: string,
  issuedAt: string,
  { name, address }: { name: string; address: string },
  now = new Date(),
): File[] {
  const ca = certificateAuthority(seed, names.cluster, issuedAt);
  const leaf = issue(seed, ca, halfYearOf(issuedAt, now), {
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
 * By which the program's own add-ons prove themselves to the API server, at `NAME.kube-system.svc`. Valid as long as the
 * authority: one that ends unseen would take the API's part with it.
 */
export function serviceCertificate(seed: string, issuedAt: string, name: string): Certificate {
  const ca = certificateAuthority(seed, names.cluster, issuedAt);
  const dnsNames = [`${name}.kube-system.svc`];
  return issue(seed, ca, issuedAt, { commonName: `grunnmur:${name}`, usage: "server", dnsNames, validDays: 3650 });
}

/** A client certificate in the group that kubeadm binds to cluster-admin; of this half-year, and valid for two. */
export function adminCertificate(seed: string, issuedAt: string, now = new Date()) {
  const ca = certificateAuthority(seed, names.cluster, issuedAt);
  return issue(seed, ca, halfYearOf(issuedAt, now), {
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
export function gitServerCertificate(seed: string, issuedAt: string): Certificate {
  const ca = certificateAuthority(seed, names.cluster, issuedAt);
  return issue(seed, ca, issuedAt, { commonName: "grunnmur:git-server", usage: "client", validDays: 3650 });
}

/** Files by which etcd is asked who its members are, and told that one leaves; the last is a secret. */
export function etcdClientFiles(seed: string, issuedAt: string): File[] {
  const ca = certificateAuthority(seed, names.etcd, issuedAt);
  const client = issue(seed, ca, issuedAt, { commonName: "grunnmur:membership", usage: "client", validDays: 3650 });
  return [
    { path: "etcd/ca.crt", content: ca.certificate },
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
