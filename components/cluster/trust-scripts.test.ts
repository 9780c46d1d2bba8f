import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { type TestContext, test } from "node:test";
import { atFirst, type Rotation } from "../../lib/rotation";
import { withKubectl } from "../fake-kubectl";
import { type Certificate, issue } from "../keys/certificates";
import { onRoot } from "../payload";
import { script } from "../script";
import { FakeMachine } from "./fake-machine";
import { authorityFiles, type Issuer, kubeletClient } from "./pki";

const seed = Buffer.alloc(32, 3).toString("base64");
const issuedAt = "2026-01-01T00:00:00Z";
const by = (authorities: Rotation): Issuer => ({ seed, issuedAt, authorities });
const beside: Rotation = { used: 0, accepted: [0, 1] };
const used: Rotation = { used: 1, accepted: [0, 1] };
const alone: Rotation = { used: 1, accepted: [1] };
const steps = [beside, used, alone];

const pods = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"];
const own = "etc/kubernetes/grunnmur";
const current = "var/lib/kubelet/pki/kubelet-client-current.pem";

/** What is asked for again and again, and takes long to sign. */
function once<T>(make: (authorities: Rotation) => T): (authorities: Rotation) => T {
  const made = new Map<string, T>();
  return (authorities) => {
    const key = JSON.stringify(authorities);
    const found = made.get(key) ?? make(authorities);
    made.set(key, found);
    return found;
  };
}

const filesOf = once((authorities) => authorityFiles(by(authorities)));
const clientOf = once((authorities) => kubeletClient(by(authorities), "node"));

const authority = (authorities: Rotation, path: string): Certificate => {
  const content = (kind: string) =>
    filesOf(authorities).find((file) => file.path === `/etc/kubernetes/pki/${path}.${kind}`)?.content ?? "";
  return { certificate: content("crt"), privateKey: content("key") };
};

/** What kubeadm issues by the authorities that sign, by their paths. */
const leaves = once((authorities): Record<string, string> => {
  const leaf = (path: string, commonName: string) =>
    issue(seed, authority(authorities, path), issuedAt, { commonName, usage: "client", validDays: 365 }).certificate;
  const pki: [string, string][] = [
    ["ca", "apiserver"],
    ["ca", "apiserver-kubelet-client"],
    ["front-proxy-ca", "front-proxy-client"],
    ["etcd/ca", "apiserver-etcd-client"],
    ["etcd/ca", "etcd/server"],
    ["etcd/ca", "etcd/peer"],
    ["etcd/ca", "etcd/healthcheck-client"],
  ];
  const [signs = ""] = authority(authorities, "ca").certificate.split(/(?<=END CERTIFICATE-----\n)/);
  const data = (text: string) => Buffer.from(text).toString("base64");
  const config = (name: string) =>
    `    certificate-authority-data: ${data(signs)}\n    client-certificate-data: ${data(leaf("ca", name))}\n`;
  return {
    ...Object.fromEntries(pki.map(([by, path]) => [`etc/kubernetes/pki/${path}.crt`, leaf(by, path)])),
    ...Object.fromEntries(
      ["admin", "controller-manager", "scheduler"].map((name) => [`etc/kubernetes/${name}.conf`, config(name)]),
    ),
  };
});

/** What a control plane, or with `false` a worker, is given at a step. */
function given(authorities: Rotation, server = true, broken = "", patience = 5) {
  const pki = filesOf(authorities);
  const lines: [string, string][] = pods.map((name) => [
    `/etc/kubernetes/patches/${name}+strategic.yaml`,
    `files: ${JSON.stringify(authorities)}${name === broken ? " BROKEN" : ""}\n`,
  ]);
  const settings: [string, string][] = ["local", "cluster", "kubelet"].map((name) => [
    `/${own}/${name}.yaml`,
    `kubelet: as made, ${name}\n`,
  ]);
  const files = server
    ? [...pki, ...[...lines, ...settings].map(([path, content]) => ({ path, content }))]
    : [
        ...pki.filter(({ path }) => path.endsWith("/pki/ca.crt")),
        { path: `/${own}/kubelet.yaml`, content: "kubelet: as made, kubelet\n" },
      ];
  return [
    ...["static-pods.sh", "kubelet.sh", "version.sh", "trust.sh"].map((path) => ({
      path,
      content: script(`cluster/scripts/${path}`),
    })),
    { path: "patience", content: `${patience}\n` },
    ...onRoot(files),
    ...(authorities === atFirst ? [] : [{ path: "kubelet-client.pem", content: clientOf(authorities) }]),
  ];
}

const scriptOf = (server: boolean) => (server ? "server.sh" : "worker.sh");

/** A member as it was made. */
async function member(t: TestContext, server = true): Promise<FakeMachine> {
  const machine = new FakeMachine(t);
  if (server) {
    await machine.run("server.sh", given(atFirst));
    for (const [path, content] of Object.entries(leaves(atFirst))) machine.write(path, content);
    for (const [index, name] of pods.entries()) {
      const text = `    - ${name}\n${name === "etcd" ? "    - --initial-cluster=alone\n" : ""}${machine.read(`etc/kubernetes/patches/${name}+strategic.yaml`)}`;
      machine.write(`etc/kubernetes/manifests/${name}.yaml`, text);
      machine.write(`state/${name}`, text);
      machine.write(`state/${name}.pid`, `${index + 1}`);
      machine.write(`proc/${index + 1}/comm`, `${name.slice(0, 15)}\n`);
    }
  } else {
    machine.write("etc/kubernetes/pki/ca.crt", authority(atFirst, "ca").certificate);
    machine.write(`${own}/kubelet.yaml`, "kubelet: as made, kubelet\n");
  }
  const data = Buffer.from(authority(atFirst, "ca").certificate).toString("base64");
  machine.write("etc/kubernetes/kubelet.conf", `    certificate-authority-data: ${data}\n`);
  machine.write(current, clientOf(atFirst));
  machine.write("var/lib/kubelet/config.yaml", "kubelet\n");
  machine.write(`${own}/complete`, "");
  machine.calls();
  return machine;
}

/** Another step, with what kubeadm would issue then. */
async function step(machine: FakeMachine, authorities: Rotation, server = true, endAt?: number, broken = "") {
  for (const [path, content] of Object.entries(leaves(authorities))) machine.write(`state/renewed/${path}`, content);
  return machine.run(scriptOf(server), given(authorities, server, broken, broken ? 1 : 5), {}, endAt);
}

const issuerOf = (pem: string): string => new X509Certificate(pem).issuer;
const decoded = (config: string, what: string): string =>
  Buffer.from(new RegExp(`${what}: (.*)`).exec(config)?.[1] ?? "", "base64").toString();

/** Everything on the machine follows these. */
function follows(machine: FakeMachine, authorities: Rotation, server = true): void {
  const ca = authority(authorities, "ca").certificate;
  assert.equal(machine.read("etc/kubernetes/pki/ca.crt"), ca);
  const signs = new X509Certificate(ca).subject;
  assert.equal(issuerOf(machine.read(current)), signs);
  const configs = ["kubelet", ...(server ? ["admin", "controller-manager", "scheduler"] : [])];
  for (const name of configs)
    assert.equal(decoded(machine.read(`etc/kubernetes/${name}.conf`), "certificate-authority-data"), ca, name);
  if (!server) return;
  for (const [path, content] of Object.entries(leaves(authorities)).filter(([path]) => path.endsWith(".crt")))
    assert.equal(machine.read(path), content, path);
  for (const name of configs.slice(1))
    assert.equal(
      issuerOf(decoded(machine.read(`etc/kubernetes/${name}.conf`), "client-certificate-data")),
      signs,
      name,
    );
  assert.equal(machine.has("etc/kubernetes/pki/signing.crt"), authorities.accepted.length > 1);
}

const starts = (machine: FakeMachine) => machine.calls().filter((call) => /start|renew/.test(call));
const everyPod = pods.map((name) => `start ${name}`);

test("a control plane trusts another generation, has all issued anew by it, and forgets the former", async (t) => {
  const machine = await member(t);
  const renewed = "kubeadm certs renew all --config FILE";
  for (const [authorities, first] of [
    [beside, []],
    [used, [renewed]],
    [alone, []],
  ] as const) {
    const { status, stderr } = await step(machine, authorities);
    assert.deepEqual([status, stderr], [0, ""]);
    assert.deepEqual(starts(machine), [...first, ...everyPod, "systemctl restart kubelet"]);
    follows(machine, authorities);
    assert.deepEqual(
      [(await step(machine, authorities)).status, machine.calls()],
      [0, []],
      "a second run has nothing to do",
    );
  }
});

test("a worker's kubelet follows at each step, and comes as whom it is with a certificate of the new one", async (t) => {
  const machine = await member(t, false);
  for (const authorities of steps) {
    const { status, stderr } = await step(machine, authorities, false);
    assert.deepEqual([status, stderr], [0, ""]);
    assert.deepEqual(machine.calls(), ["systemctl restart kubelet"]);
    follows(machine, authorities, false);
    assert.deepEqual([(await step(machine, authorities, false)).status, machine.calls()], [0, []]);
  }
});

test("a machine that is no member yet is given no authorities: kubeadm brings them", async (t) => {
  const machine = new FakeMachine(t);
  assert.equal((await step(machine, used, false)).status, 0);
  assert.equal(machine.has("etc/kubernetes/pki/ca.crt"), false);
});

for (const name of pods)
  test(`where ${name} does not come back all is put back, with what was issued`, async (t) => {
    const machine = await member(t);
    await step(machine, beside);
    const before = machine.files();
    const { status, stderr } = await step(machine, used, true, undefined, name);
    assert.equal(status, 1);
    assert.match(stderr, /put back as it was/);
    assert.deepEqual(machine.files(), before);
    assert.equal((await step(machine, used)).status, 0);
    follows(machine, used);
  });

for (const server of [true, false])
  test(`a run that ends anywhere is gone on with by the next (${server ? "control plane" : "worker"})`, async (t) => {
    let at = 1;
    for (; ; at += server ? 8 : 1) {
      const machine = await member(t, server);
      await step(machine, beside, server);
      const { status } = await step(machine, used, server, at);
      if (status === 0) break;
      machine.calls();
      const next = await step(machine, used, server);
      assert.deepEqual([next.status, next.stderr], [0, ""], `ended before program ${at}`);
      follows(machine, used, server);
      assert.ok(!machine.has(`${own}/trusting`), `ended before program ${at}`);
    }
    assert.ok(at > (server ? 15 : 5), `only ${at} programs were seen`);
  });

test("a node that no control plane lets in with what it has now is an error", async (t) => {
  const machine = await member(t, false);
  await step(machine, beside, false);
  machine.write("state/no-api", "");
  const { status, stderr } = await machine.run("worker.sh", given(used, false, "", 1));
  assert.equal(status, 1);
  assert.match(stderr, /no control plane has let this node in for 1 s/);
  machine.remove("state/no-api");
  assert.equal((await step(machine, used, false)).status, 0);
});

// A workload is ready once it was patched, where it ever is.
const cluster = (missing: string, stuck: string) => `case "$*" in
  *kube-root-ca.crt*) printf '%s' '${missing}' ;;
  "get daemonsets"*kube-system*) echo daemonset.apps/a; echo deployment.apps/b ;;
  "get daemonsets"*) echo deployment.apps/c ;;
  patch*'"grunnmur.internal/authorities":"1"'*) touch "$folder/$(basename "$2")" ;;
  "rollout status "*) [ -e "$folder/$(basename "$3")" ] && [ "$3" != '${stuck}' ] ;;
  *) exit 1 ;;
esac`;
const inPods = (NEWEST: string, missing = "", stuck = "") =>
  withKubectl("cluster/scripts/trust-in-pods.sh", cluster(missing, stuck), {
    environment: { NEWEST },
    files: [{ path: "ca.crt", content: "one\ntwo\n" }],
  });

test("the first generation is what pods were made with", async () => {
  const { status, stdout } = await inPods("0", "production ");
  assert.deepEqual([status, stdout], [0, ""]);
});

test("the system's pods are started anew once every namespace is given the new one, and not before", async () => {
  const { status, stdout, stderr } = await inPods("1");
  assert.deepEqual([status, stderr], [0, ""]);
  assert.match(stdout, /kube-system and flux-system trusts the authorities of generation 2/);
  const early = await inPods("1", "production ");
  assert.equal(early.status, 1);
  assert.match(early.stderr, /has not given pods the new authorities within 1 s: production/);
});

test("a workload that does not come back is named", async () => {
  const { status, stderr } = await inPods("1", "", "deployment.apps/c");
  assert.equal(status, 1);
  assert.match(stderr, /deployment.apps\/c in flux-system was started anew and is not ready after 1 s/);
});
