import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { onRoot } from "../payload";
import { script } from "../script";
import { FakeMachine } from "./fake-machine";

const own = "etc/kubernetes/grunnmur";
const token = "abcdef.0123456789abcdef";
const at = (country: string): string =>
  `topology.kubernetes.io/region=${country},topology.kubernetes.io/zone=${country.toLowerCase()}-1`;
const FLAGS = "var/lib/kubelet/kubeadm-flags.env";
const flagsAt = (country: string): string =>
  `KUBELET_KUBEADM_ARGS="--node-ip=10.20.0.12 --node-labels=${at(country)} --v=1"\n`;
const labelled = (country: string) => [
  { path: "kubelet.sh", content: script("cluster/scripts/kubelet.sh") },
  { path: "patience", content: "1\n" },
  { path: "labels", content: `${at(country)}\n` },
];
const joinFiles = [
  ...labelled("NO"),
  { path: "join.yaml", content: `token: ${token}\n` },
  { path: "discovery.conf", content: `token: ${token}\n` },
  { path: "version", content: "v1.36.3\n" },
];
const founder = [
  ...joinFiles,
  { path: "init.yaml", content: "init\n" },
  { path: "find-cluster.sh", content: 'cat >"$ROOT/state/asked"\ncat "$ROOT/state/decision"\n' },
];
const asked = (machine: FakeMachine) =>
  machine.calls().flatMap((call) => (call.startsWith("kubeadm version") ? [] : [call.split(" --")[0]]));

function blank(t: TestContext): FakeMachine {
  const machine = new FakeMachine(t);
  machine.write(FLAGS, flagsAt("NO"));
  machine.write(`${own}/cluster.yaml`, "cluster\n");
  machine.write(`${own}/peers`, "10.20.0.12\n");
  return machine;
}

test("a machine joins once; the next run leaves it alone", async (t) => {
  const machine = blank(t);
  assert.equal((await machine.run("join.sh", joinFiles)).status, 0);
  assert.deepEqual(asked(machine), ["systemctl enable -q", "kubeadm join"]);
  const { status, stdout } = await machine.run("join.sh", joinFiles);
  assert.deepEqual([status, stdout, asked(machine)], [0, "already a member\n", []]);
});

test("a member whose pods are stopped is not taken for an empty machine", async (t) => {
  const machine = blank(t);
  machine.write(`${own}/complete`, "");
  machine.write("state/no-api", "");
  machine.write("state/decision", "init\n");
  const { status } = await machine.run("join.sh", founder, { PATIENCE: "0" });
  assert.deepEqual([status, asked(machine)], [0, []]);
});

test("a machine whose Kubernetes is a minor version newer does not join before the cluster is upgraded", async (t) => {
  const machine = blank(t);
  machine.write("state/own-version", "v1.37.2\n");
  const { status, stderr } = await machine.run("join.sh", joinFiles);
  assert.equal(status, 1);
  assert.match(stderr, /Kubernetes is v1\.37\.2, newer than the cluster's v1\.36\.3\. '\.\/grunnmur upgrade'/);
  assert.ok(!machine.has(`${own}/complete`));
  assert.ok(!asked(machine).includes("kubeadm join"));
});

test("an attempt that broke off is reset before the next", async (t) => {
  const machine = blank(t);
  machine.write("etc/kubernetes/kubelet.conf", "half");
  const { status, stdout } = await machine.run("join.sh", joinFiles);
  assert.equal(status, 0);
  assert.match(stdout, /an earlier attempt broke off/);
  assert.deepEqual(asked(machine), ["kubeadm reset", "systemctl enable -q", "kubeadm join"]);
});

for (const decision of ["init", "join"])
  test(`the machine that may make the cluster does what its peers show: ${decision}`, async (t) => {
    const machine = blank(t);
    machine.write("state/decision", `${decision}\n`);
    assert.equal((await machine.run("join.sh", founder)).status, 0);
    assert.equal(machine.read("state/asked"), "10.20.0.12\n");
    const times = decision === "init" ? 2 : 1;
    assert.deepEqual(asked(machine), ["systemctl enable -q", ...Array(times).fill(`kubeadm ${decision}`)]);
  });

const inits = (machine: FakeMachine): string[] =>
  machine.calls().flatMap((call) => /^kubeadm init .*--skip-phases (.*)$/.exec(call)?.[1] ?? []);

test("the API server is ready before any other part of the control plane starts, and every phase is done once", async (t) => {
  const machine = blank(t);
  machine.write("state/decision", "init\n");
  machine.write("state/etcd", "BROKEN\n");
  const { status, stderr } = await machine.run("join.sh", founder, { PATIENCE: "0" });
  assert.equal(status, 1);
  assert.match(stderr, /this machine's API server is not ready after 0 s/);
  const [left] = inits(machine);
  assert.match(left ?? "", /^control-plane\/controller-manager,control-plane\/scheduler,wait-control-plane,/);
  assert.ok(!machine.has(`${own}/complete`));

  machine.remove("state/etcd");
  assert.equal((await machine.run("join.sh", founder)).status, 0);
  const [others, first] = inits(machine).map((phases) => phases.split(","));
  assert.deepEqual(first, ["preflight", "certs", "kubeconfig", "etcd", "control-plane/apiserver", "kubelet-start"]);
  assert.ok(others?.includes("addon"));
  assert.deepEqual(
    first?.filter((phase) => others?.includes(phase)),
    [],
  );
});

test("a cluster whose API server lets a request go is made on from there, until patience ends; another error ends it at once", async (t) => {
  const failing = (phase: string) => {
    const machine = blank(t);
    machine.write("state/decision", "init\n");
    machine.write("state/kubeadm-rest-code", "1");
    machine.write("state/kubeadm-says", `error: error execution phase ${phase}: context deadline exceeded\n`);
    return machine;
  };
  const slow = failing("addon/coredns");
  // bash counts whole seconds: of one there may be nothing left at once.
  const { status, stdout, stderr } = await slow.run("join.sh", founder, { PATIENCE: "3" });
  assert.equal(status, 1);
  assert.match(stdout, /asking again/);
  assert.match(
    stderr,
    /this machine did not make the cluster: error: .*phase addon\/coredns: context deadline exceeded\n$/,
  );
  assert.ok(!slow.has(`${own}/complete`));
  const tries = inits(slow).slice(2);
  assert.ok(tries.length > 0);
  for (const phases of tries) assert.match(phases, /^preflight,.*,kubelet-start,.*,wait-control-plane$/);

  const broken = failing("wait-control-plane");
  assert.equal((await broken.run("join.sh", founder, { PATIENCE: "1" })).status, 1);
  assert.equal(inits(broken).length, 2);
});

test("where no control plane answers, no cluster is made, and the error says what to mend", async (t) => {
  const machine = blank(t);
  machine.write("state/no-api", "");
  const { status, stderr } = await machine.run("join.sh", joinFiles, { PATIENCE: "0" });
  assert.equal(status, 1);
  assert.match(stderr, /Bring a control plane back and run this again/);
  assert.ok(!machine.has(`${own}/complete`));
  assert.deepEqual(asked(machine), ["systemctl enable -q"]);
});

test("a join that fails ends with kubeadm's reason, by which it is tried once more", async (t) => {
  const machine = blank(t);
  machine.write("state/kubeadm-code", "1");
  machine.write("state/kubeadm-says", "error: phase kubelet-start: timed out\nTo see the stack trace\n");
  const { stderr } = await machine.run("join.sh", joinFiles);
  assert.match(stderr, /this machine did not join: error: phase kubelet-start: timed out\n$/);
  assert.deepEqual(asked(machine), ["systemctl enable -q", "kubeadm join"]);
});

test("an etcd that is slow while it takes a member in is asked again from there, until patience ends", async (t) => {
  const slow = () => {
    const machine = blank(t);
    machine.write("state/kubeadm-code", "1");
    machine.write("state/kubeadm-says", "error: error execution phase etcd-join: context deadline exceeded\n");
    return machine;
  };
  const impatient = slow();
  const { status, stderr } = await impatient.run("join.sh", joinFiles, { PATIENCE: "1" });
  assert.equal(status, 1);
  assert.match(stderr, /this machine did not join: error: .*phase etcd-join: context deadline exceeded\n$/);
  assert.ok(!impatient.has(`${own}/complete`));
  const machine = slow();
  machine.write("state/kubeadm-goes-on", "0");
  assert.equal((await machine.run("join.sh", joinFiles)).status, 0);
  const joins = machine.calls().filter((call) => call.startsWith("kubeadm join"));
  assert.equal(joins.length, 2);
  assert.match(joins[1] ?? "", /--skip-phases preflight,control-plane-prepare,check-etcd,kubelet-start$/);
});

test("a join that is refused says what to do about an ended token, and is tried again", async (t) => {
  const machine = blank(t);
  machine.write("state/kubeadm-code", "1");
  machine.write("state/kubeadm-says", "error: Unauthorized\n");
  const { status, stderr } = await machine.run("join.sh", joinFiles);
  assert.notEqual(status, 0);
  assert.match(stderr, /its token was good for a day, and is no more\. '\.\/grunnmur replace' of it/);
  assert.ok(!machine.has(`${own}/complete`));
  assert.ok(!machine.has("run/grunnmur-discovery.conf"), "no token stays on the machine");
  machine.remove("state/kubeadm-code");
  assert.equal((await machine.run("join.sh", joinFiles)).status, 0);
});

test("no token stands on a command line or in what is said, and none is left behind", async (t) => {
  const machine = blank(t);
  const { stdout, stderr } = await machine.run("join.sh", joinFiles);
  for (const text of [machine.read("calls"), stdout, stderr]) assert.ok(!text.includes(token), text);
  assert.match(machine.read("state/given"), new RegExp(token), "kubeadm got it in a file");
  assert.ok(!machine.has("run/grunnmur-discovery.conf"));
});

test("a member of which another place is said is labelled so, once, and as before where its kubelet does not come back", async (t) => {
  const machine = blank(t);
  machine.write(`${own}/complete`, "");
  const said = async (country: string) => {
    const { status, stdout, stderr } = await machine.run("join.sh", [...joinFiles, ...labelled(country)]);
    return [status, `${stdout}${stderr}`.replace("already a member\n", ""), asked(machine)];
  };
  const moved = `the node is labelled ${at("SE")}: what runs there and asks for another place goes elsewhere\n`;
  assert.deepEqual(await said("NO"), [0, "", []]);
  assert.deepEqual(await said("SE"), [0, moved, ["systemctl restart kubelet"]]);
  assert.equal(machine.read("state/kubelet"), flagsAt("SE"));
  assert.deepEqual(await said("SE"), [0, "", []]);

  // A run that broke off before the kubelet began again.
  machine.write(`${FLAGS}.before`, flagsAt("NO"));
  assert.deepEqual(await said("SE"), [0, moved, ["systemctl restart kubelet"]]);
  assert.ok(!machine.has(`${FLAGS}.before`));

  for (let run = 0; run < 2; run++) {
    const [status, text] = await said("BROKEN");
    assert.equal(status, 1);
    assert.match(String(text), /has its old ones again/);
    assert.equal(machine.read("state/kubelet"), flagsAt("SE"));
  }
  machine.write(FLAGS, 'KUBELET_KUBEADM_ARGS=""\n');
  const [status, text] = await said("NO");
  assert.equal(status, 1);
  assert.match(String(text), /has no --node-labels, .*'\.\/grunnmur replace' makes it anew/);
  assert.ok(!machine.has(`${FLAGS}.before`));
});

const worker = (kubelet: string) => [
  { path: "kubelet.sh", content: script("cluster/scripts/kubelet.sh") },
  { path: "patience", content: "1\n" },
  ...onRoot([{ path: `/${own}/kubelet.yaml`, content: `kubelet: ${kubelet}\n`, mode: 0o600 }]),
];

test("a worker's kubelet starts anew only for other settings, and for those that failed again", async (t) => {
  const machine = new FakeMachine(t);
  assert.equal((await machine.run("worker.sh", worker("old"))).status, 0);
  assert.deepEqual(machine.calls(), [], "no member yet");
  machine.write(`${own}/complete`, "");
  for (const path of ["var/lib/kubelet/config.yaml", "state/kubelet"]) machine.write(path, "kubelet: old\n");
  machine.write("state/uploaded", "kubelet: BROKEN\n");
  for (let run = 0; run < 2; run++) {
    const { status, stderr } = await machine.run("worker.sh", worker("BROKEN"));
    assert.equal(status, 1);
    assert.match(stderr, /has its old ones again: 'journalctl -u kubelet' says why/);
    assert.equal(machine.read("state/kubelet"), "kubelet: old\n");
  }
  machine.write("state/uploaded", "kubelet: new\n");
  assert.equal((await machine.run("worker.sh", worker("new"))).status, 0);
  assert.equal(machine.read("state/kubelet"), "kubelet: new\n");
  machine.calls();
  assert.equal((await machine.run("worker.sh", worker("new"))).status, 0);
  assert.deepEqual(machine.calls(), []);
});
