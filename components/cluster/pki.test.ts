import assert from "node:assert/strict";
import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import { test } from "node:test";
import { atFirst, type Rotation } from "../../lib/rotation";
import { network } from "../node/example-network";
import { emulated, kvm } from "../pace";
import { clusterConfiguration, kubeletSettings } from "./cluster-configuration";
import type { KubeadmArgs } from "./kubeadm";
import {
  adminCertificate,
  authorityFiles,
  clusterAuthority,
  encryptionConfiguration,
  etcdClientFiles,
  gitServerCertificate,
  type Issuer,
  kubeletClient,
  kubeletServingFiles,
  pkiFiles,
  serviceAccountFiles,
  serviceCertificate,
} from "./pki";
import { serverFiles } from "./server-files";

const seed = Buffer.alloc(32, 3).toString("base64");
const issuedAt = "2026-01-01T00:00:00Z";
const issuer: Issuer = { seed, issuedAt, authorities: atFirst };
const member = { name: "control-1", address: "10.20.0.11", site: "osl-1", country: "NO", reach: "127.20.0.11" };
const args: KubeadmArgs = { clusterName: "local", network, controlPlanes: [member], pace: kvm };

test("what is encrypted with a key is read by it for as long as it is taken, and written with the one that is used", () => {
  const keys = (rotation: Rotation) => [
    ...encryptionConfiguration(seed, rotation).matchAll(/name: (\w+), secret: (\S+)/g),
  ];
  const names = (rotation: Rotation) => keys(rotation).map(([, name]) => name);
  assert.deepEqual(names(atFirst), ["key1"]);
  assert.deepEqual(names({ used: 0, accepted: [0, 1] }), ["key1", "key2"]);
  assert.deepEqual(names({ used: 1, accepted: [0, 1] }), ["key2", "key1"]);
  assert.deepEqual(names({ used: 1, accepted: [1] }), ["key2"]);
  assert.equal(new Set(keys({ used: 1, accepted: [0, 1] }).map(([, , secret]) => secret)).size, 2);
});

test("authorities that came to be later last ten years from then, beside those that do not change for it", () => {
  const ends = (authorities: Rotation) =>
    (clusterAuthority({ ...issuer, authorities }).match(/-----BEGIN [^-]+-----[^-]+-----END [^-]+-----\n/g) ?? []).map(
      (pem) => new X509Certificate(pem).validTo.replace(/ .* (?=\d{4} )/, " "),
    );
  const since = { 1: "2030-05-06T00:00:00Z" };
  assert.deepEqual(ends({ used: 1, accepted: [0, 1], since }), ["May 2040 GMT", "Dec 2035 GMT"]);
  assert.deepEqual(ends({ used: 1, accepted: [1], since }), ["May 2040 GMT"]);
  // One that began before days were kept.
  assert.deepEqual(ends({ used: 1, accepted: [1] }), ["Dec 2035 GMT"]);
});

test("tokens are known by every key that is taken, and signed by the one that is used", () => {
  const read = ({ used, accepted }: Rotation) => {
    const [known, signing] = serviceAccountFiles(seed, { used, accepted });
    const publicKeys = known?.content.match(/-----BEGIN PUBLIC KEY-----[^-]+-----END PUBLIC KEY-----\n/g) ?? [];
    const signs = createPublicKey(signing?.content ?? "").export({ type: "spki", format: "pem" });
    return { publicKeys, signs };
  };
  const [first, both, other, last] = [
    read(atFirst),
    read({ used: 0, accepted: [0, 1] }),
    read({ used: 1, accepted: [0, 1] }),
    read({ used: 1, accepted: [1] }),
  ];
  assert.deepEqual(first.publicKeys, [first.signs]);
  assert.deepEqual(both, { publicKeys: [first.signs, other.signs], signs: first.signs });
  assert.deepEqual(other.publicKeys, [other.signs, first.signs]);
  assert.deepEqual(last, { publicKeys: [other.signs], signs: other.signs });
  assert.notEqual(first.signs, other.signs);
});

test("every control plane gets the same authorities", () => {
  assert.deepEqual(pkiFiles(issuer, atFirst), pkiFiles(issuer, atFirst));
  const keys = pkiFiles(issuer, atFirst).filter(({ path }) => path.endsWith(".key"));
  assert.ok(keys.length === 4 && keys.every(({ mode }) => mode === 0o600));
});

test("the administrator's certificate is the same for half a year, and never ends within another", () => {
  const authority = new X509Certificate(clusterAuthority(issuer)).publicKey;
  const on = (day: string) => adminCertificate(issuer, new Date(day)).certificate;
  for (const [day, same, other] of [
    ["2026-01-01", "2026-06-30", "2026-07-10"],
    ["2029-12-30", "2030-06-01", "2030-12-01"],
  ] as const) {
    assert.equal(on(day), on(same));
    assert.notEqual(on(day), on(other));
    for (const at of [day, same, other]) {
      const certificate = new X509Certificate(on(at));
      assert.ok(certificate.verify(authority));
      const left = (Date.parse(certificate.validTo) - Date.parse(at)) / 86_400_000;
      assert.ok(
        left > 180 && left <= 365 && Date.parse(certificate.validFrom) <= Date.parse(at),
        `${at}: ${left} days`,
      );
    }
  }
});

test("a kubelet proves itself by the cluster's authority, under its node's name and address, for longer than half a year", () => {
  const authority = new X509Certificate(clusterAuthority(issuer)).publicKey;
  const on = (day: string) => kubeletServingFiles(issuer, member, new Date(day));
  const [certificate, key] = on("2026-03-01");
  const read = new X509Certificate(certificate?.content ?? "");
  assert.ok(read.verify(authority));
  assert.ok(read.checkPrivateKey(createPrivateKey(key?.content ?? "")));
  assert.equal(key?.mode, 0o600);
  assert.equal(read.checkIP(member.address), member.address);
  assert.equal(read.checkHost(member.name), member.name);
  assert.deepEqual(on("2026-03-01"), on("2026-06-30"));
  assert.notDeepEqual(on("2026-03-01"), on("2026-07-10"));
  const settings = kubeletSettings(args);
  for (const { path } of on("2026-03-01")) assert.ok(settings.includes(path), `the kubelet is not told of ${path}`);
});

test("an add-on proves itself to the API server under its Service's name alone", () => {
  const { certificate } = serviceCertificate(issuer, "metrics-server");
  const read = new X509Certificate(certificate);
  assert.equal(read.subjectAltName, "DNS:metrics-server.kube-system.svc");
  assert.ok(Date.parse(read.validTo) - Date.parse(issuedAt) > 9 * 365 * 86_400_000);
});

const beside: Rotation = { used: 0, accepted: [0, 1] };
const used: Rotation = { used: 1, accepted: [0, 1] };
const alone: Rotation = { used: 1, accepted: [1] };
const by = (authorities: Rotation): Issuer => ({ ...issuer, authorities });
const split = (pem: string): X509Certificate[] =>
  (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/g) ?? []).map(
    (one) => new X509Certificate(one),
  );
const named = (pem: string): string[] => split(pem).map(({ subject }) => subject);

test("another generation of the authorities is trusted beside the first, then signs, then is alone", () => {
  const files = (authorities: Rotation) =>
    Object.fromEntries(authorityFiles(by(authorities)).map(({ path, content }) => [path.split("/pki/")[1], content]));
  const [first, both, other, last] = [atFirst, beside, used, alone].map(files);
  assert.deepEqual(named(first?.["ca.crt"] ?? ""), ["CN=kubernetes"]);
  assert.deepEqual(named(both?.["ca.crt"] ?? ""), ["CN=kubernetes", "CN=kubernetes/1"]);
  assert.deepEqual(named(other?.["etcd/ca.crt"] ?? ""), ["CN=etcd-ca/1", "CN=etcd-ca"]);
  assert.deepEqual(named(last?.["front-proxy-ca.crt"] ?? ""), ["CN=front-proxy-ca/1"]);
  // The controller manager refuses a file with two.
  assert.deepEqual(named(both?.["signing.crt"] ?? ""), ["CN=kubernetes"]);
  assert.deepEqual(named(other?.["signing.crt"] ?? ""), ["CN=kubernetes/1"]);
  assert.deepEqual([first?.["signing.crt"], last?.["signing.crt"]], [undefined, undefined]);
  for (const phase of [first, both, other, last])
    for (const name of ["ca", "front-proxy-ca", "etcd/ca"]) {
      const [signs] = split(phase?.[`${name}.crt`] ?? "");
      assert.ok(
        signs?.checkPrivateKey(createPrivateKey(phase?.[`${name}.key`] ?? "")),
        `${name}: kubeadm takes the first`,
      );
    }
});

test("whatever the program issues is signed by the generation in use, with a key that the one before never had", () => {
  const day = new Date("2026-03-01");
  const all = (authorities: Rotation): string[] => [
    adminCertificate(by(authorities), day).certificate,
    kubeletServingFiles(by(authorities), member, day)[0]?.content ?? "",
    kubeletClient(by(authorities), "worker-1", day),
    serviceCertificate(by(authorities), "metrics-server").certificate,
    gitServerCertificate(by(authorities)).certificate,
    etcdClientFiles(by(authorities))[1]?.content ?? "",
  ];
  const read = (authorities: Rotation) => all(authorities).map((pem) => new X509Certificate(pem));
  assert.deepEqual(all(atFirst), all(beside));
  assert.deepEqual(all(used), all(alone));
  const key = (certificate: X509Certificate) => certificate.publicKey.export({ type: "spki", format: "pem" });
  for (const [index, certificate] of read(used).entries()) {
    const authority = split(
      index === 5 ? (etcdClientFiles(by(used))[0]?.content ?? "") : clusterAuthority(by(used)),
    )[0];
    assert.ok(authority && certificate.verify(authority.publicKey), certificate.subject);
    assert.notEqual(key(certificate), key(read(atFirst)[index] ?? assert.fail()));
  }
});

test("a kubelet's own certificate is that of its node, with its key, and lasts until it has it renewed itself", () => {
  const pem = kubeletClient(by(used), "worker-1", new Date("2026-06-30"));
  const read = new X509Certificate(pem);
  assert.equal(read.subject, "O=system:nodes\nCN=system:node:worker-1");
  assert.ok(read.checkPrivateKey(createPrivateKey(pem.slice(pem.indexOf("-----BEGIN EC")))));
  assert.ok(Date.parse(read.validTo) - Date.parse("2026-06-30") > 180 * 86_400_000);
});

test("rotated authorities make every pod of the control plane another one at each step, and those that it was made with none", () => {
  const keys = { encryption: atFirst, serviceAccountKeys: atFirst };
  const patch = (pod: string, authorities: Rotation) =>
    serverFiles(by(authorities), keys, emulated).find(({ path }) => path.includes(`patches/${pod}+`))?.content ?? "";
  for (const pod of ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"]) {
    const steps = [atFirst, beside, used, alone].map((authorities) => patch(pod, authorities));
    assert.equal(new Set(steps).size, 4, pod);
  }
  assert.doesNotMatch(patch("etcd", atFirst), /grunnmur\/files/);
});

test("while two are trusted the controller manager is told which one signs", () => {
  const told = (authorities: Rotation) =>
    /cluster-signing-cert-file\n +value: \/etc\/kubernetes\/pki\/signing.crt/.test(
      clusterConfiguration(args, { kubernetes: "v1.36.4" }, authorities),
    );
  assert.deepEqual([atFirst, beside, used, alone].map(told), [false, true, true, false]);
});
