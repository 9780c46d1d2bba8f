import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { script } from "../script";
import { FakeMachine } from "./fake-machine";

const own = "etc/kubernetes/grunnmur";
const kube = ["kube-apiserver", "kube-controller-manager", "kube-scheduler"];

/** What a control plane is given to become of a version. */
function input(version: string, more = "") {
  const files = {
    "version.sh": script("cluster/scripts/version.sh"),
    programs: "mirror/grunnmur/kubernetes\n",
    "upgrade.yaml": `kubernetesVersion: ${version}\n${more}`,
    coredns: "registry.k8s.io/coredns/coredns:v1.15.0\n",
    patience: "1\n",
    "settings.sh": `bash "$PAYLOAD/version.sh" ${version}\n`,
  };
  return Object.entries(files).map(([path, content]) => ({ path, content }));
}
const upgrade = (machine: FakeMachine, version: string, more = "", endAt?: number) =>
  machine.run("static-pods.sh", input(version, more), {}, endAt);

/** A member whose pods, kubelet and cluster are of one version. */
function member(t: TestContext, version: string, clusterVersion = version): FakeMachine {
  const machine = new FakeMachine(t);
  for (const name of kube) {
    const text = `    image: registry.k8s.io/${name}:${version}\n`;
    machine.write(`etc/kubernetes/manifests/${name}.yaml`, text);
    machine.write(`state/${name}`, text);
    machine.write(`state/${name}.pid`, `${kube.indexOf(name) + 1}`);
  }
  machine.write("usr/local/bin/kubelet", `#!/bin/sh\necho "Kubernetes ${version}"\n`, 0o755);
  for (const name of ["kubeadm", "kubectl"])
    machine.write(`usr/local/bin/${name}`, `#!/bin/sh\necho ${version}\n`, 0o755);
  machine.write("var/lib/kubelet/config.yaml", "");
  for (const [host, path] of [
    ["registry.example.no", ""],
    ["ghcr.io", "/mirror/ghcr.io"],
  ])
    machine.write(`etc/containerd/certs.d/${host}/hosts.toml`, `server = "https://registry.example.no/v2${path}"\n`);
  machine.write("state/cluster-version", `${clusterVersion}\n`);
  machine.write(`${own}/complete`, "");
  machine.calls();
  return machine;
}

function isAll(machine: FakeMachine, version: string): void {
  for (const name of kube)
    assert.match(machine.read(`etc/kubernetes/manifests/${name}.yaml`), new RegExp(`:${version}\n`));
  for (const name of ["kubelet", "kubeadm", "kubectl"])
    assert.match(machine.read(`usr/local/bin/${name}`), new RegExp(`${version}\\b`), name);
  assert.ok(machine.read("state/kubelet").includes(version), "the kubelet that runs is the new one");
  assert.equal(machine.has(`${own}/upgrading`), false);
  assert.equal(machine.has("run/grunnmur-programs"), false);
}

test("a control plane of the wanted version is left alone", async (t) => {
  const machine = member(t, "v1.36.3");
  const { status, stdout, stderr } = await upgrade(machine, "v1.36.3");
  assert.deepEqual([status, stdout, stderr, machine.calls()], [0, "", "", []]);
});

test("the first control plane upgrades the cluster, and the others themselves; each its kubelet last", async (t) => {
  for (const [cluster, verb] of [
    ["v1.36.3", "upgrade apply --yes"],
    ["v1.36.4", "upgrade node"],
  ] as const) {
    const machine = member(t, "v1.36.3", cluster);
    const { status, stdout, stderr } = await upgrade(machine, "v1.36.4");
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^Kubernetes v1\.36\.3 becomes v1\.36\.4\n[\s\S]*v1\.36\.4 runs on this control plane\n$/);
    isAll(machine, "v1.36.4");
    const all = machine.calls();
    assert.ok(all.some((call) => call.endsWith("kube-system coredns=registry.k8s.io/coredns/coredns:v1.15.0")));
    const calls = all.filter((call) => /kubeadm (?!version)|kubelet|ctr .*pull/.test(call) && !/^kubectl/.test(call));
    assert.match(calls[0] ?? "", /pull --hosts-dir FILE registry\.example\.no\/mirror\/grunnmur\/kubernetes:v1\.36\.4/);
    assert.ok(
      calls.some((call) => call.startsWith(`kubeadm ${verb} --config`)),
      calls.join("\n"),
    );
    assert.equal(calls.at(-1), "systemctl restart kubelet");
    assert.deepEqual([(await upgrade(machine, "v1.36.4")).status, machine.calls()], [0, []]);
  }
});

test("killed before any step, the next run brings all to the version", async (t) => {
  for (const cluster of ["v1.36.3", "v1.36.4"]) {
    let ended = 0;
    for (let endAt = 1; ; endAt += 1) {
      const machine = member(t, "v1.36.3", cluster);
      const first = await upgrade(machine, "v1.36.4", "", endAt);
      if (first.status === 0) break;
      ended = endAt;
      const { status, stderr } = await upgrade(machine, "v1.36.4");
      assert.equal(status, 0, `killed before step ${endAt}: ${stderr}`);
      isAll(machine, "v1.36.4");
    }
    assert.ok(ended > 12, `${ended} steps`);
  }
});

test("one that has begun to upgrade the cluster goes on with that, whatever the cluster says by then", async (t) => {
  const machine = member(t, "v1.36.3", "v1.36.4");
  machine.write(`${own}/upgrading`, "apply\n");
  await upgrade(machine, "v1.36.4");
  assert.ok(machine.calls().some((call) => call.startsWith("kubeadm upgrade apply")));
});

test("a registry that lacks the version stops before anything is touched, and is named", async (t) => {
  const machine = member(t, "v1.36.3");
  machine.write("state/no-image", "");
  const before = machine.files();
  const { status, stderr } = await upgrade(machine, "v1.36.4");
  assert.equal(status, 1);
  assert.match(stderr, /registry\.example\.no\/mirror\/grunnmur\/kubernetes:v1\.36\.4 cannot be pulled: not found/);
  assert.deepEqual({ ...machine.files(), [`${own}/upgrading`]: "" }, { ...before, [`${own}/upgrading`]: "" });
});

test("what kubeadm refuses fails the run, and the kubelet stays", async (t) => {
  const machine = member(t, "v1.36.3");
  const { status, stderr } = await upgrade(machine, "v1.36.4", "REFUSED");
  assert.equal(status, 1);
  assert.match(stderr, /not this version/);
  assert.match(machine.read("usr/local/bin/kubelet"), /v1\.36\.3/);
});

test("a kubelet that does not answer has the one before again", async (t) => {
  const machine = member(t, "v1.36.3");
  machine.write("var/lib/kubelet/config.yaml", "BROKEN");
  const { status, stderr } = await upgrade(machine, "v1.36.4");
  assert.equal(status, 1);
  assert.match(stderr, /kubelet of v1\.36\.4 has not answered for 1 s: .*\nthe one before runs again/);
  assert.match(machine.read("usr/local/bin/kubelet"), /v1\.36\.3/);
  assert.ok(machine.has(`${own}/upgrading`), "the next run goes on");
});
