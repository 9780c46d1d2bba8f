import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { onRoot } from "../payload";
import { script } from "../script";
import { FakeMachine } from "./fake-machine";

const pods = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"];
const own = "etc/kubernetes/grunnmur";

interface Wanted {
  audit?: string;
  /** By which service accounts are known; the first is the one that signs. */
  tokens?: string;
  key?: string;
  kubelet?: string;
  /** Flags of pods other than "1". */
  flags?: Record<string, string>;
  patience?: number;
}

function input({
  audit = "audit",
  tokens = "first",
  key = "key",
  kubelet = "as made",
  flags = {},
  patience = 60,
}: Wanted = {}) {
  const cluster = [...pods.map((name) => `${name}: ${flags[name] ?? "1"}`), `kubelet: ${kubelet}`];
  const lines = {
    [`/${own}/audit-policy.yaml`]: audit,
    [`/${own}/encryption.yaml`]: `keys: [${key.split(" ").map((one) => `{ name: k, secret: ${one} }`)}]`,
    [`/${own}/local.yaml`]: "local",
    [`/${own}/cluster.yaml`]: cluster.join("\n"),
    [`/${own}/kubelet.yaml`]: `kubelet: ${kubelet}`,
    [`/${own}/peers`]: "10.20.0.12",
    "/etc/kubernetes/pki/sa.pub": tokens,
    "/etc/kubernetes/pki/sa.key": tokens.split(" ")[0] ?? "",
    "/etc/kubernetes/patches/kube-apiserver+strategic.yaml": `files: ${audit} ${tokens}`,
    "/etc/kubernetes/patches/kube-controller-manager+strategic.yaml": `files: ${tokens.split(" ")[0]}`,
  };
  return [
    ...["static-pods.sh", "kubelet.sh", "version.sh"].map((path) => ({
      path,
      content: script(`cluster/scripts/${path}`),
    })),
    { path: "patience", content: `${patience}\n` },
    ...onRoot(Object.entries(lines).map(([path, line]) => ({ path, content: `${line}\n`, mode: 0o600 }))),
  ];
}

/** A member as the first run left it, with an etcd that has met two others. */
async function member(t: TestContext): Promise<FakeMachine> {
  const machine = new FakeMachine(t);
  await machine.run("server.sh", input());
  for (const name of pods) {
    const met = name === "etcd" ? "    - --initial-cluster=all-three\n" : "";
    const patch = { "kube-apiserver": "files: audit first\n", "kube-controller-manager": "files: first\n" }[name] ?? "";
    const text = `    - ${name}\n${met}${name}: 1\n${patch}`;
    machine.write(`etc/kubernetes/manifests/${name}.yaml`, text);
    machine.write(`state/${name}`, text);
    machine.write(`state/${name}.pid`, `${pods.indexOf(name) + 1}`);
    machine.write(`proc/${pods.indexOf(name) + 1}/comm`, `${name.slice(0, 15)}\n`);
  }
  for (const path of ["var/lib/kubelet/config.yaml", "state/kubelet", "state/uploaded"])
    machine.write(path, "kubelet: as made\n");
  machine.write(`${own}/complete`, "");
  machine.calls();
  return machine;
}

const starts = (machine: FakeMachine) => machine.calls().filter((call) => /start/.test(call));

test("on a machine that is no member the files are written, and nothing else is done", async (t) => {
  const machine = new FakeMachine(t);
  const { status, stdout } = await machine.run("server.sh", input());
  assert.deepEqual([status, stdout, machine.calls()], [0, "", []]);
  assert.equal(machine.read(`${own}/audit-policy.yaml`), "audit\n");
  assert.equal(machine.read("etc/kubernetes/patches/kube-apiserver+strategic.yaml"), "files: audit first\n");
  assert.equal(machine.read("etc/kubernetes/pki/sa.pub"), "first\n");
});

test("on a member that is as it shall be nothing is touched", async (t) => {
  const machine = await member(t);
  const before = machine.files(true);
  const { status, stdout, stderr } = await machine.run("server.sh", input());
  assert.deepEqual([status, stdout, stderr], [0, "", ""]);
  assert.deepEqual(machine.files(true), before);
  assert.deepEqual(machine.calls(), []);
});

test("another audit policy starts the API server anew, and nothing else", async (t) => {
  const machine = await member(t);
  const { status, stdout } = await machine.run("server.sh", input({ audit: "stricter" }));
  assert.equal(status, 0);
  assert.equal(stdout, "kube-apiserver started anew\ncontrol plane is as configured\n");
  assert.deepEqual(starts(machine), ["start kube-apiserver"]);
  assert.equal(machine.read(`${own}/audit-policy.yaml`), "stricter\n");
});

test("what changed starts one after the other, each when the one before answers, and joiners get it last", async (t) => {
  const machine = await member(t);
  machine.write("state/slow", ""); // a pod is there only after some waiting
  const flags = { etcd: "2", "kube-scheduler": "2" };
  const { status } = await machine.run("server.sh", input({ flags, kubelet: "more pods" }));
  assert.equal(status, 0);
  assert.deepEqual(
    machine.calls().filter((call) => !/dry-run/.test(call)),
    [
      "start etcd",
      "start kube-scheduler",
      "kubeadm init phase upload-config all --config FILE",
      "kubeadm upgrade node phase kubelet-config --kubeconfig /etc/kubernetes/admin.conf",
      "systemctl restart kubelet",
    ],
  );
  assert.match(machine.read("etc/kubernetes/manifests/etcd.yaml"), /--initial-cluster=all-three/, "whom it met stays");
  assert.equal(machine.read("state/kubelet"), "kubelet: more pods\n");
});

test("another key is refused before anything is written", async (t) => {
  const machine = await member(t);
  const before = machine.files(true);
  const { status, stderr } = await machine.run("server.sh", input({ key: "other", audit: "stricter" }));
  assert.equal(status, 1);
  assert.match(stderr, /key that encrypts the cluster's secrets would be another.*'cluster-seed'/s);
  assert.deepEqual(machine.files(true), before);
  assert.deepEqual(machine.calls(), []);
});

test("another key beside the one in use is taken, then used, then alone", async (t) => {
  const machine = await member(t);
  for (const key of ["key other", "other key", "other"]) {
    const { status, stderr } = await machine.run("server.sh", input({ key, audit: key }));
    assert.equal(status, 0, stderr);
    assert.deepEqual(starts(machine), ["start kube-apiserver"]);
  }
  const { status } = await machine.run("server.sh", input({ key: "key", audit: "back" }));
  assert.equal(status, 1);
});

test("keys of service accounts are written for who reads them, and put back where one does not come back", async (t) => {
  const machine = await member(t);
  machine.write("etc/kubernetes/pki/ca.key", "stays\n");
  const signs: [tokens: string, started: string[]][] = [
    ["first second", ["start kube-apiserver"]],
    ["second first", ["start kube-apiserver", "start kube-controller-manager"]],
    ["second", ["start kube-apiserver"]],
  ];
  for (const [tokens, started] of signs) {
    const { status, stderr } = await machine.run("server.sh", input({ tokens }));
    assert.equal(status, 0, stderr);
    assert.deepEqual(starts(machine), started, tokens);
    assert.equal(machine.read("etc/kubernetes/pki/sa.pub"), `${tokens}\n`);
  }
  const before = machine.files();
  const flags = { "kube-controller-manager": "BROKEN" };
  assert.equal((await machine.run("server.sh", input({ tokens: "third second", flags, patience: 1 }))).status, 1);
  assert.deepEqual(machine.files(), before);
});

for (const name of pods) {
  test(`where ${name} does not come back all is put back, and the reason is told`, async (t) => {
    const machine = await member(t);
    const before = machine.files();
    machine.write(`var/log/pods/kube-system_${name}-control-1_1/${name}/0.log`, "unknown flag: --colour\n");
    const flags = { etcd: "2", [name]: "BROKEN" };
    const { status, stdout, stderr } = await machine.run("server.sh", input({ flags, audit: "stricter", patience: 1 }));
    assert.equal(status, 1);
    assert.match(stderr, new RegExp(`^${name} has not come back within 1 s.*\nunknown flag: --colour\n`));
    assert.match(stderr, /put back as it was; the reason stands above\n$/);
    // Nothing that was put back is said to have failed.
    assert.equal(stderr.match(/has not come back/g)?.length, 1, stderr);
    assert.match(stdout, new RegExp(`^${name} started anew$`, "m"));
    machine.remove("var/log");
    assert.deepEqual(machine.files(), before);
    for (const pod of pods) assert.doesNotMatch(machine.read(`state/${pod}`), /BROKEN/, `${pod} runs as before`);
    assert.ok(!machine.calls().some((call) => /upload-config/.test(call)), "joiners get nothing of it");
  });
}

test("flags that kubeadm refuses change nothing", async (t) => {
  const machine = await member(t);
  const before = machine.files();
  const { status, stderr } = await machine.run("server.sh", input({ flags: { etcd: "REFUSED" } }));
  assert.equal(status, 1);
  assert.match(stderr, /kubeadm cannot render the manifests.*unknown flag/s);
  assert.deepEqual(machine.files(), before);
  assert.deepEqual(starts(machine), []);
});

test("settings that a kubelet cannot bear fail the run, and the kubelet keeps its old ones", async (t) => {
  const machine = await member(t);
  const { status, stderr } = await machine.run("server.sh", input({ kubelet: "BROKEN", patience: 1 }));
  assert.equal(status, 1);
  assert.match(stderr, /kubelet has not answered for 1 s/);
  assert.equal(machine.read("state/kubelet"), "kubelet: as made\n");
  assert.equal((await machine.run("server.sh", input())).status, 0, "and taken back it is well again");
  assert.equal(machine.read("state/uploaded"), "kubelet: as made\n");
});

const changed = {
  audit: "stricter",
  tokens: "second first",
  kubelet: "more pods",
  flags: { etcd: "2", "kube-scheduler": "2" },
};

test("a run that ends anywhere is gone on with by the next", async (t) => {
  const whole = await member(t);
  await whole.run("server.sh", input(changed));
  let step = 1;
  for (; ; step++) {
    const machine = await member(t);
    const { status } = await machine.run("server.sh", input(changed), {}, step);
    if (status === 0) break;
    const { status: next, stderr } = await machine.run("server.sh", input(changed));
    assert.deepEqual([next, stderr], [0, ""], `ended before step ${step}`);
    assert.deepEqual(machine.files(), whole.files(), `ended before step ${step}`);
    for (const name of pods) assert.equal(machine.read(`state/${name}`), whole.read(`state/${name}`));
    for (const name of ["kubelet", "uploaded"]) assert.equal(machine.read(`state/${name}`), "kubelet: more pods\n");
  }
  assert.ok(step > 20, `only ${step} steps were seen`);
});

test("a run that ends anywhere, and whose pod does not come back in the next, is put back to what was before both", async (t) => {
  const flags = { "kube-scheduler": "BROKEN" };
  const before = (await member(t)).files();
  for (let step = 2; ; step += 3) {
    const machine = await member(t);
    const { status } = await machine.run("server.sh", input({ flags, patience: 1 }), {}, step);
    if (status !== null && status !== 137) break;
    const { status: next, stderr } = await machine.run("server.sh", input({ flags, patience: 1 }));
    assert.equal(next, 1, `ended before step ${step}`);
    assert.match(stderr, /kube-scheduler has not come back/);
    assert.deepEqual(machine.files(), before, `ended before step ${step}`);
    assert.doesNotMatch(machine.read("state/kube-scheduler"), /BROKEN/);
  }
});
