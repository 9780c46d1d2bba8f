import assert from "node:assert/strict";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import type { Report } from "../../cli/status/report";
import { patienceHere } from "../../lib/machine";
import { environmentDir } from "../../lib/places";
import { Leases, overlaps } from "../support/leases";
import { traces } from "../support/machine";
import { declare, stackFileOf } from "../support/many-nodes";
import { until } from "../support/poll";
import { Probe } from "../support/probe";
import { stepsOf } from "../support/steps";
import { must, repository, grunnmur as run, type Typed, type } from "../support/user";

// One environment whose nodes come, go and are lost, while somebody asks its service something every second. On demand: on
// emulated CPUs it takes an hour, and three control planes are all that two cores bear.

const STACK = "ha";
const MINUTES = 60_000;
const stackFile = stackFileOf(STACK);
let mayDestroy = false;

const grunnmur = (verb: string, args: string[] = [], show = false): Promise<Typed> =>
  run([verb, "--stack", STACK, ...args], { show });
const kubectl = (...args: string[]) => grunnmur("kubectl", ["--", ...args]);
const ssh = (node: string, ...command: string[]) => grunnmur("ssh", [node, ...command]);
const up = (...args: string[]) => must(grunnmur("up", ["--yes", ...args], true));

before(async () => {
  assert.ok(!existsSync(stackFile), `${stackFile} is this test's own name: move it away`);
  declare(STACK, ["control-1"], ["worker-1"]);
  const { code, stderr } = await run(["destroy", "--stack", STACK], { env: { CI: "" } });
  assert.equal(code, 0, stderr);
  mayDestroy = true;
});

after(async () => {
  if (mayDestroy) await grunnmur("destroy", ["--yes"], true);
  rmSync(stackFile, { force: true });
});

test("nodes come, go and are lost, and the service answers", { timeout: 150 * patienceHere() * MINUTES }, async (t) => {
  const step = stepsOf(t);
  let probe: Probe | undefined;
  let leases: Leases | undefined;
  t.after(() => {
    probe?.stop();
    leases?.stop();
  });
  const took = (context: TestContext, what: string, { seconds }: Pick<Typed, "seconds">): void =>
    context.diagnostic(`${what}: ${seconds.toFixed(0)} s; ${probe?.since() ?? "nobody asked yet"}`);

  await step("one control plane and one worker", async (context) => {
    took(context, "up", await up());
    probe = await Probe.from(STACK, "worker-1");
    leases = new Leases([join(repository, "grunnmur"), "kubectl", "--stack", STACK, "--"], repository);
  });

  await step("a control plane renews its certificates, and serves", async (context) => {
    const ends = async () =>
      (await must(ssh("control-1", "kubeadm", "certs", "check-expiration", "-o", "json"))).stdout;
    const before = await ends();
    // As if it were the time: 400 days are longer than any of them lasts.
    const renewal = "sed 's/120 \\* 86400/400 * 86400/' /usr/local/lib/grunnmur/certificates.sh | PATIENCE=3600 bash";
    const renewed = await must(ssh("control-1", renewal));
    assert.match(renewed.stdout, /kube-scheduler started anew\nthe certificates of this control plane are renewed/);
    assert.notEqual(await ends(), before);
    took(context, "renewal", renewed);
    await allReady(["control-1", "worker-1"]);
  });

  await step("a worker joins", async (context) => {
    declare(STACK, ["control-1"], ["worker-1", "worker-2"]);
    took(context, "a worker more", await up());
    await allReady(["control-1", "worker-1", "worker-2"]);
  });

  await step("a worker that is replaced is empty before it goes, and the service answers", async (context) => {
    const replaced = await must(grunnmur("replace", ["--yes", "worker-2"], true));
    assert.match(replaced.stdout, /worker-2 is empty/);
    took(context, "replace", replaced);
    await allReady(["control-1", "worker-1", "worker-2"]);
  });

  await step("a worker that is lost is replaced", async (context) => {
    await must(virsh("destroy", "worker-2"));
    await until("its end, to the cluster", 300, async () => !(await nodeReady("worker-2")));
    const report = await grunnmur("status");
    assert.match(report.stdout, /node worker-2 is dead[\s\S]*\.\/grunnmur replace --stack ha worker-2/);
    took(context, "replace", await must(grunnmur("replace", ["--yes", "worker-2"], true)));
    await allReady(["control-1", "worker-1", "worker-2"]);
  });

  await step("a worker that is removed is asked for, empty before it goes, and forgotten", async (context) => {
    declare(STACK, ["control-1"], ["worker-1"]);
    const asked = await grunnmur("up", ["--yes"]);
    assert.match(asked.stderr, /--accept-loss worker-2/);
    const removed = await up("--accept-loss", "worker-2");
    assert.match(removed.stdout, /worker-2 is empty/);
    took(context, "a worker less", removed);
    await allReady(["control-1", "worker-1"]);
    assert.match((await up()).stderr, /No changes/);
  });

  await step("what cannot be replaced is refused, and nothing is touched", async () => {
    const { code, stderr } = await grunnmur("replace", ["--yes", "control-1", "registry-1", "worker-7"]);
    assert.equal(code, 1);
    assert.match(stderr, /only control plane[\s\S]*--accept-loss registry-1[\s\S]*no node "worker-7"/);
    assert.equal((await grunnmur("status")).code, 0);
  });

  await step("one control plane becomes three", async (context) => {
    declare(STACK, ["control-1", "control-2", "control-3"], ["worker-1"]);
    took(context, "two control planes more", await up());
    await allReady(["control-1", "control-2", "control-3", "worker-1"]);
    await onlyMembers("control-1", ["control-1", "control-2", "control-3"]);
  });

  for (const [lost, other] of [
    ["control-1", "control-2"],
    ["control-2", "control-3"],
    ["control-3", "control-1"],
  ] as const) {
    await step(`${lost} is lost and replaced`, async (context) => {
      await must(virsh("destroy", lost));
      await until("an answer of another control plane", 120, async () => (await kubectl("get", "nodes")).code === 0);
      await until("its end, to the cluster", 300, async () => !(await nodeReady(lost)));
      const { stdout } = await grunnmur("status");
      assert.match(stdout, new RegExp(`node ${lost} is dead`));
      took(context, "replace", await must(grunnmur("replace", ["--yes", lost], true)));
      await allReady(["control-1", "control-2", "control-3", "worker-1"]);
      await onlyMembers(other, ["control-1", "control-2", "control-3"]);
    });
  }

  await step("three control planes become one, and it is not the first", async (context) => {
    declare(STACK, ["control-3"], ["worker-1"]);
    took(context, "two control planes less", await up());
    await allReady(["control-3", "worker-1"]);
    await onlyMembers("control-3", ["control-3"]);
    assert.match((await up()).stderr, /No changes/);
  });

  await step("never were there two leaders", async (context) => {
    leases?.stop();
    const readings = leases?.readings ?? [];
    const leaders = new Set(readings.map(({ lease, holder }) => `${lease} ${holder}`));
    context.diagnostic(`${readings.length} readings of leases, ${leaders.size} leaders one after another`);
    // One for each part at first, and others for each control plane that went.
    assert.ok(leaders.size > 6, [...leaders].join("\n"));
    assert.deepEqual(overlaps(readings), []);
  });

  await step("destroy leaves nothing", async () => {
    probe?.stop();
    await must(grunnmur("destroy", ["--yes"], true));
    assert.deepEqual(traces(STACK), []);
  });
});

async function nodeReady(name: string): Promise<boolean> {
  const { stdout } = await grunnmur("status", ["--json"]);
  const { nodes } = JSON.parse(stdout) as Report;
  return nodes.some((node) => node.name === name && node.ready);
}

/** These nodes and no others, all of them ready, with the demo. */
async function allReady(names: string[]): Promise<void> {
  await until("an environment that is ready", 1200, async () => (await grunnmur("status")).code === 0);
  const { stdout } = await must(kubectl("get", "nodes", "-o", "jsonpath={.items[*].metadata.name}"));
  assert.deepEqual(stdout.trim().split(" ").sort(), names);
}

/** What etcd itself says of who its members are, asked on one of them. */
async function onlyMembers(on: string, names: string[]): Promise<void> {
  const pki = "/etc/kubernetes/pki/etcd";
  const { stdout } = await must(
    ssh(
      on,
      ...["curl", "-sf", "--cacert", `${pki}/ca.crt`, "--cert", `${pki}/healthcheck-client.crt`],
      ...["--key", `${pki}/healthcheck-client.key`, "-d", "{}", "https://127.0.0.1:2379/v3/cluster/member/list"],
    ),
  );
  const { members } = JSON.parse(stdout) as { members: { name: string; isLearner?: boolean }[] };
  assert.deepEqual(members.map(({ name }) => name).sort(), names);
  assert.ok(members.every(({ isLearner }) => !isLearner));
}

function virsh(...args: string[]): Promise<Typed> {
  const socket = join(environmentDir(STACK), "libvirt/run/libvirt-sock");
  return type("virsh", ["-c", `qemu:///system?socket=${socket}`, ...args]);
}
