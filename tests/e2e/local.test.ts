import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Outputs } from "../../cli/pulumi/outputs";
import type { Report } from "../../cli/status/report";
import { printed } from "../../cli/verbs/support/printed";
import { machine, patienceHere, slownessOfAll } from "../../lib/machine";
import { environmentDir } from "../../lib/places";
import { CHANGES } from "../support/day-two";
import { commitReplicas, withClone, withCloneByKey } from "../support/git";
import { processesOf, traces } from "../support/machine";
import { networkPoliciesHold } from "../support/network-policies";
import { holdToOneCore } from "../support/one-core";
import { until } from "../support/poll";
import { type Step, stepsOf } from "../support/steps";
import { noTimeLeft } from "../support/time-left";
import { grunnmur, must, repository, type, withEnvironment } from "../support/user";

// One environment, from nothing to nothing, step by step as a user would. The deadlines are for emulated CPUs on a busy
// machine; the figures in the diagnostics are what the product promises. With GRUNNMUR_TEST_ONE_CORE=1 all guests share one
// core until all has been tried once, and the promises are deadlines: whoever sets it has the machine to himself. Elsewhere
// what else runs on a machine, or on the one below it, would decide.

const MINUTES = 60_000;
const PROMISED = { push: 120, drift: 90 };
const stackFile = join(repository, "Pulumi.local.yaml");
const stackFileBefore = readFileSync(stackFile, "utf8");
let mayDestroy = false;

before(async () => {
  // Without --yes, destroy only says whether there is anything.
  const { code } = await grunnmur(["destroy"], { env: { CI: "" } });
  assert.equal(code, 0, "the environment local is up already: take it down first, with ./grunnmur destroy");
  mayDestroy = true;
});

after(async () => {
  writeFileSync(stackFile, stackFileBefore);
  if (mayDestroy) await grunnmur(["destroy", "--yes"], { show: true });
});

test("from nothing to a self-healing platform, and back", { timeout: 100 * patienceHere() * MINUTES }, async (t) => {
  const step = stepsOf(t);
  const stepInTime: Step = (name, run) =>
    step(name, async (t) => {
      if (noTimeLeft()) t.skip("no time left for it");
      else await run(t);
    });
  const longStep: Step = async (name, run) => {
    if (process.env.GRUNNMUR_TEST_ALL) await stepInTime(name, run);
  };
  let outputs: Outputs = {};
  let upSince = 0;
  // While it starts, a component may give up on an API server that is not there yet.
  let restartsAtFirst: Record<string, number> = {};
  const release = process.env.GRUNNMUR_TEST_ONE_CORE ? holdToOneCore("local") : undefined;
  t.after(() => release?.());
  const figures = { push: [] as number[], drift: [] as number[] };
  const keeps = (what: keyof typeof PROMISED, seconds: number): void => {
    figures[what].push(seconds);
    if (!release) return;
    const limit = PROMISED[what] * Math.max(1, slownessOfAll(machine()));
    assert.ok(seconds <= limit, `${what}: ${seconds.toFixed(0)} s, promised ${limit.toFixed(0)} s`);
  };

  await step("bad configuration: every mistake at once, and nothing is started", badConfiguration);

  await step("up on a fresh machine", async (t) => {
    const up = await orWhyNot(must(grunnmur(["up", "--yes"], { show: true })));
    upSince = performance.now();
    t.diagnostic(`up: ${up.seconds.toFixed(0)} s (12 minutes with artifacts in the store, emulated)`);
    const plugins = pluginsOnPath(up.stdout + up.stderr);
    t.diagnostic(`plugins: ${plugins.join(", ") || "those that Pulumi brought"}`);
    const ours = plugins.filter((plugin) => plugin.includes("/stand-ins/bin/"));
    if (process.env.GRUNNMUR_TEST_OFFICIAL) assert.deepEqual(ours, [], "these are not the official plugins");
    assert.match(up.stderr, /stage +seconds/);
    assert.match(up.stderr, /Try next:\n(.*\.\/grunnmur .*\n){3}/);
    assert.equal(readFileSync(stackFile, "utf8"), stackFileBefore, "up must not change the stack file");
    const memory = processesOf("local").reduce((sum, { memoryMiB }) => sum + memoryMiB, 0);
    const disk = await must(type("du", ["-sm", environmentDir("local")]));
    t.diagnostic(`memory: ${memory.toFixed(0)} MiB (9 GiB); disk: ${Number.parseInt(disk.stdout, 10)} MiB (15 GiB)`);
  });

  await step("status: all is ready", async () => {
    restartsAtFirst = await restarts();
    const report = await status();
    const members = report.nodes.filter(({ role }) => role !== "registry");
    assert.deepEqual(
      members.map(({ ready }) => ready),
      [true, true],
    );
    assert.equal(report.registry.ready, true);
    assert.match(report.cluster.version ?? "", /^v1\.\d+\.\d+/);
    assert.equal(report.agent.readOnlyKey, true);
    assert.equal(report.agent.lastApplied, report.agent.revision);
    const payment = report.workloads.find(({ name }) => name === "payment-service");
    assert.deepEqual([payment?.namespace, payment?.ready, payment?.desired], ["production", 3, 3]);
    assert.match(payment?.image ?? "", /^registry\.local\.grunnmur\.internal\/payment-service@sha256:[0-9a-f]{64}$/);
  });

  await step("the service answers through its Service, and the doctor finds nothing wrong", async () => {
    const path = "/api/v1/namespaces/production/services/payment-service:80/proxy/healthz";
    const [, doctor] = await Promise.all([must(kubectl("get", "--raw", path)), grunnmur(["doctor", "--json"])]);
    const { checks } = printed("doctor", doctor.stdout);
    assert.deepEqual(
      checks.filter(({ state }) => state === "wrong" || state === "unknown"),
      [],
    );
    for (const { name } of (await status()).nodes)
      assert.ok(checks.some(({ part, found }) => part === `node ${name}` && /its clock is right/.test(found)));
  });

  await step("a second up, a preview and plain pulumi find nothing to change", async (t) => {
    const again = await must(grunnmur(["up", "--yes"]));
    assert.match(again.stderr, /No changes/);
    t.diagnostic(`second up: ${again.seconds.toFixed(0)} s (90 s)`);
    await must(grunnmur(["preview", "--expect-no-changes"]));
    await must(withEnvironment("pulumi preview --stack local --expect-no-changes"));
    await must(withEnvironment("pulumi up --stack local --yes --skip-preview --expect-no-changes"));
    const shown = await must(withEnvironment("pulumi stack output --stack local --json --show-secrets"));
    outputs = JSON.parse(shown.stdout) as Outputs;
  });

  await step("the cluster itself holds the rules", async () => {
    const bare = ["create", "deployment", "bare", "--image=docker.io/library/nginx", "-n", "production"];
    const refused = await kubectl(...bare, "--dry-run=server");
    assert.notEqual(refused.code, 0, "a Deployment without limits, from another registry, was accepted");
    assert.match(refused.stderr, /ValidatingAdmissionPolicy '[a-z-]+' with binding '[a-z-]+' denied request/);

    const { name, container, image } = await paymentPod();
    const resources = { requests: { memory: "512Gi" }, limits: { memory: "512Gi" } };
    const patch = JSON.stringify({ spec: { containers: [{ name: container, resources }] } });
    const resize = await kubectl("patch", "pod", name, "-n", "production", "--subresource=resize", "-p", patch);
    assert.notEqual(resize.code, 0, "a resize in place beyond the cap was accepted");
    // The namespace's LimitRange may be asked before the rule; either way it does not get through.
    assert.match(resize.stderr, /forbidden|container-size: /);

    // Looking into a pod is no way around the rules, and they do not stand in its way.
    await must(kubectl("debug", name, "-n", "production", `--image=${image}`, "--profile=restricted", "--", "/none"));
  });

  await step("a pushed commit is applied", async (t) => {
    const seconds = await pushed(outputs, 2);
    t.diagnostic(`commit live: ${seconds.toFixed(0)} s after the push (${PROMISED.push} s)`);
    keeps("push", seconds);
  });

  await step("what is scaled by hand goes back to what Git says", async (t) => {
    const seconds = await drifted(2);
    t.diagnostic(`drift undone: ${seconds.toFixed(0)} s (${PROMISED.drift} s)`);
    keeps("drift", seconds);
    await until("2 ready pods and no other", 600, () => runs(2));
  });

  await step("the cluster's own key fetches and cannot push", async () => {
    const { deployKeyPrivate } = outputs as { deployKeyPrivate?: string };
    assert.ok(deployKeyPrivate, "the outputs have no deployKeyPrivate to try");
    await withCloneByKey(outputs, deployKeyPrivate, async (clone) => {
      await must(clone.git("fetch", "-q"));
      await commitReplicas(clone, "payment-service", 1);
      const push = await clone.git("push", "-q");
      assert.notEqual(push.code, 0, "a push with the cluster's key was accepted");
    });
    assert.equal((await status()).agent.readOnlyKey, true);
  });

  await step("a node is reached over SSH with its pinned key", async () => {
    const { stdout } = await must(grunnmur(["ssh", "worker-1", "hostname"]));
    assert.equal(stdout.trim(), "worker-1");
  });

  await step("nothing of the control plane has restarted since", async (t) => {
    const since = await restarts();
    const restarted = Object.keys(since).filter((pod) => since[pod] !== restartsAtFirst[pod]);
    assert.deepEqual(since, restartsAtFirst, await whyRestarted(restarted));
    t.diagnostic(`up for ${((performance.now() - upSince) / MINUTES).toFixed(1)} minutes without a restart`);
  });

  await stepInTime("network policies hold, also while nobody gives verdicts", async (t) => {
    const { image } = await paymentPod();
    await networkPoliciesHold(image, (figure) => t.diagnostic(figure));
  });

  await longStep("a kube-proxy that starts anew keeps what services there are", async () => {
    const asked = ["get", "service", "payment-service", "-n", "production", "-o", "jsonpath={.spec.clusterIP}"];
    const { stdout: address } = await must(kubectl(...asked));
    await must(kubectl("delete", "pods", "-n", "kube-system", "-l", "k8s-app=kube-proxy", "--wait=true"));
    await must(kubectl("rollout", "status", "daemonset/kube-proxy", "-n", "kube-system", "--timeout=900s"));
    // Rules that it takes for foreign go with its second sync, seconds after it is ready.
    const asking = `for i in $(seq 20); do curl -sf -m 5 -o /dev/null http://${address}/healthz || exit; sleep 1; done`;
    await must(grunnmur(["ssh", "worker-1", asking]));
  });

  for (const { name, long, run } of CHANGES)
    await (long ? longStep : stepInTime)(name, (t) => run((figure) => t.diagnostic(figure), outputs));

  // Its nodes have been started again meanwhile, and on one core all of that was on one core.
  const deadlines = release ? step : longStep;
  await deadlines("a push is still live in time, and a deleted Deployment back", async (t) => {
    release?.();
    const before = { push: figures.push.splice(0), drift: figures.drift.splice(0) };
    await until("an environment that is ready", 900, async () => (await grunnmur(["status"])).code === 0);
    keeps("push", await pushed(outputs, 3));
    await must(kubectl("delete", "deployment", "payment-service", "-n", "production", "--wait=true"));
    keeps("drift", await until("the Deployment", 600, async () => (await getDeployment()).code === 0));
    const ready = await until("its 3 ready pods", 600, () => runs(3));
    t.diagnostic(`deleted Deployment: its pods ready ${ready.toFixed(0)} s after it is back`);
    const said = (values: number[]) => values.map((seconds) => `${seconds.toFixed(0)} s`).join(" and ");
    const [then, now] = release ? ["on one core", "on the whole machine"] : ["at first", "after the changes"];
    t.diagnostic(`commit live: ${said(before.push)} ${then}, ${said(figures.push)} ${now}`);
    t.diagnostic(`drift undone: ${said(before.drift)} ${then}, ${said(figures.drift)} ${now}`);
  });

  await step("destroy leaves nothing", async (t) => {
    writeFileSync(stackFile, stackFileBefore);
    const destroyed = await must(grunnmur(["destroy", "--yes"], { show: true }));
    t.diagnostic(`destroy: ${destroyed.seconds.toFixed(0)} s`);
    // What is in the cluster goes with its guests, and is not deleted first.
    assert.doesNotMatch(destroyed.stdout, /waiting until it is gone/);
    assert.deepEqual(traces("local"), []);
    assert.equal((await grunnmur(["status"])).code, 1);
    const again = await must(grunnmur(["destroy", "--yes"]));
    assert.match(again.stderr, /nothing to destroy/);
    assert.equal(readFileSync(stackFile, "utf8"), stackFileBefore, "destroy must not change the stack file");
  });
});

interface PodList {
  items: {
    metadata: { name: string };
    spec: { containers: { name: string; image: string }[] };
    status: { containerStatuses?: { restartCount: number }[] };
  }[];
}

async function paymentPod(): Promise<{ name: string; container: string; image: string }> {
  const { stdout } = await must(kubectl("get", "pods", "-n", "production", "-l", "app=payment", "-o", "json"));
  const [pod] = (JSON.parse(stdout) as PodList).items;
  const [container] = pod?.spec.containers ?? [];
  assert.ok(pod && container, "production has no payment pod");
  return { name: pod.metadata.name, container: container.name, image: container.image };
}

/** Seconds from the push of a commit until so many replicas run. */
async function pushed(outputs: Outputs, replicas: number): Promise<number> {
  let seconds = 0;
  await withClone(outputs, async (clone) => {
    await commitReplicas(clone, "payment-service", replicas);
    const { stderr } = await must(clone.git("push"));
    assert.match(stderr, /the cluster's agent knows of [0-9a-f]{12}/);
    seconds = await orWhyNot(until(`${replicas} replicas out of Git`, 300, () => runs(replicas)));
  });
  return seconds;
}

/** Seconds until what was scaled by hand has as many replicas again as Git says. */
async function drifted(replicasInGit: number): Promise<number> {
  await must(kubectl("scale", "deployment", "payment-service", "-n", "production", "--replicas=5"));
  return orWhyNot(
    until(`${replicasInGit} replicas again`, 300, async () => (await replicas()).desired === replicasInGit),
  );
}

/** What the doctor says of an environment in which something did not come in time. */
async function orWhyNot<T>(waited: Promise<T>): Promise<T> {
  try {
    return await waited;
  } catch (error) {
    const { stdout } = await grunnmur(["doctor"]);
    throw new Error(`${(error as Error).message}\n${stdout}`);
  }
}

/** How often each container of the system has been started again. */
async function restarts(): Promise<Record<string, number>> {
  const { stdout } = await must(kubectl("get", "pods", "-n", "kube-system", "-o", "json"));
  const containers = (JSON.parse(stdout) as PodList).items.flatMap(({ metadata, status }) =>
    (status.containerStatuses ?? []).map((container) => [metadata.name, container.restartCount] as const),
  );
  return Object.fromEntries(containers);
}

/** What ended each pod's container before the one that runs, with its last lines. Nothing of no pods. */
async function whyRestarted(pods: string[]): Promise<string | undefined> {
  const ended = "jsonpath={.status.containerStatuses[*].lastState}";
  const told = pods.map(async (pod) => {
    const state = await kubectl("get", "pod", pod, "-n", "kube-system", "-o", ended);
    const log = await kubectl("logs", pod, "-n", "kube-system", "--previous", "--tail=25");
    return [pod, state.stdout, state.stderr, log.stdout, log.stderr].filter(Boolean).join("\n");
  });
  return told.length ? `started again since:\n${(await Promise.all(told)).join("\n")}` : undefined;
}

/** The plugins, by their paths, of which Pulumi warned that it found them on PATH. */
const pluginsOnPath = (said: string): string[] => [
  ...new Set([...said.matchAll(/using pulumi-\S+ from \$PATH at (\S+)/g)].map(([, path = ""]) => path)),
];

async function badConfiguration(): Promise<void> {
  const file = join(repository, "Pulumi.e2e-bad.yaml");
  const bad = stackFileBefore
    .replace("memoryMiB: 3072", "memory: 3GiB")
    .replace("address: 10.20.0.12", "address: 10.99.0.12")
    .replace("name: worker-1", "name: control-1")
    .replace("site: local-no", "site: atlantis-1");
  writeFileSync(file, bad);
  try {
    const up = await grunnmur(["up", "--stack", "e2e-bad", "--yes"]);
    assert.equal(up.code, 1);
    for (const mistake of ["memory", "10.99.0.12", "control-1", "atlantis-1"])
      assert.ok(up.stderr.includes(mistake), up.stderr);
    assert.deepEqual(traces("e2e-bad"), []);
    assert.equal(existsSync(environmentDir("e2e-bad")), false);
  } finally {
    rmSync(file, { force: true });
  }
}

const kubectl = (...args: string[]) => grunnmur(["kubectl", ...args]);

async function status(): Promise<Report> {
  const { stdout } = await must(grunnmur(["status", "--json"]));
  return printed("status", stdout);
}

const getDeployment = () => kubectl("get", "deployment", "payment-service", "-n", "production", "-o", "json");

async function replicas(): Promise<{ desired: number; ready: number; settled: boolean }> {
  const { stdout } = await must(getDeployment());
  const { spec, status } = JSON.parse(stdout) as {
    spec: { replicas: number };
    status: { replicas?: number; readyReplicas?: number };
  };
  const ready = status.readyReplicas ?? 0;
  return { desired: spec.replicas, ready, settled: (status.replicas ?? 0) === ready };
}

async function runs(count: number): Promise<boolean> {
  const { desired, ready, settled } = await replicas();
  return desired === count && ready === count && settled;
}
