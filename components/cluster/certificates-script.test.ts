import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { script } from "../script";
import { FakeMachine } from "./fake-machine";

const pods = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"];
const own = "etc/kubernetes/grunnmur";
const DAY = 86_400_000;

/** A control plane whose certificates end in so many days, and its authorities in so many. */
function member(t: TestContext, days: number, authorityDays = 3000): FakeMachine {
  const machine = new FakeMachine(t);
  for (const [index, name] of pods.entries()) {
    machine.write(`etc/kubernetes/manifests/${name}.yaml`, `${name}\n`);
    machine.write(`state/${name}`, `${name}\n`);
    machine.write(`state/${name}.pid`, `${index + 1}\n`);
    machine.write(`proc/${index + 1}/comm`, `${name.slice(0, 15)}\n`);
  }
  const ends = (left: number) => new Date(Date.now() + left * DAY).toISOString();
  const certificates = [
    { name: "admin.conf", expirationDate: ends(days + 30), missing: false },
    { name: "apiserver", expirationDate: ends(days), missing: false },
    { name: "super-admin.conf", expirationDate: null, missing: true },
  ];
  const certificateAuthorities = [{ name: "ca", expirationDate: ends(authorityDays) }];
  machine.write("state/certificates", JSON.stringify({ certificates, certificateAuthorities }, null, 4));
  machine.write("usr/local/lib/grunnmur/static-pods.sh", script("cluster/scripts/static-pods.sh"));
  machine.write(`${own}/complete`, "");
  machine.write(`${own}/peers`, "10.20.0.12\n");
  return machine;
}

const renew = (machine: FakeMachine, endAt?: number) => machine.run("certificates.sh", [], { PATIENCE: "5" }, endAt);
const starts = (machine: FakeMachine) => machine.calls().filter((call) => /^start|renew/.test(call));
const all = ["kubeadm certs renew all", ...pods.map((name) => `start ${name}`)];

test("certificates that end within four months are renewed, and the pods that hold them start anew in their order", async (t) => {
  const machine = member(t, 119);
  const { status, stderr } = await renew(machine);
  assert.deepEqual([status, stderr], [0, ""]);
  assert.deepEqual(starts(machine), all);
  assert.ok(!machine.has(`${own}/renewing`));
});

test("those that last longer are left alone, whatever the authorities do, and so is a machine that is no member", async (t) => {
  const lasting = member(t, 121, 5);
  const blank = member(t, 1);
  blank.remove(`${own}/complete`);
  for (const machine of [lasting, blank]) {
    assert.equal((await renew(machine)).status, 0);
    assert.deepEqual(starts(machine), []);
  }
});

test("a control plane does not go while another one is away", async (t) => {
  const machine = member(t, 10);
  machine.write(`${own}/peers`, "10.20.0.12\n10.20.0.13\n");
  machine.write("state/etcd", "BROKEN\n"); // what answers for a peer, too
  const { status, stderr } = await renew(machine);
  assert.equal(status, 1);
  assert.match(stderr, /not now: the control plane 10\.20\.0\.12 does not answer/);
  assert.deepEqual(starts(machine), []);
});

test("a renewal that ends anywhere is made up for by the next", async (t) => {
  let step = 1;
  for (; ; step++) {
    const machine = member(t, 10);
    if ((await renew(machine, step)).status === 0) break;
    const { status, stderr } = await renew(machine);
    assert.deepEqual([status, stderr], [0, ""], `ended before step ${step}`);
    const seen = starts(machine);
    for (const name of pods) assert.ok(seen.includes(`start ${name}`), `ended before step ${step}: ${seen}`);
    assert.equal(machine.read("state/certificates"), "renewed\n");
    assert.ok(!machine.has(`${own}/renewing`));
  }
  assert.ok(step > 8, `only ${step} steps were seen`);
});
