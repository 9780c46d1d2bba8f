import assert from "node:assert/strict";
import { test } from "node:test";
import { nameOf } from "./cause";
import type { ContainerStatus, Event, Pod } from "./observed";
import { type Owner, ofPresentRevision, ofWorkloads } from "./workloads";

const owner: Owner = {
  kind: "Deployment",
  metadata: {
    name: "shop",
    namespace: "production",
    annotations: { "config.kubernetes.io/origin": "path: production/shop/deployment.yaml\n" },
  },
};

const waiting = { type: "Ready", status: "False", reason: "ContainersNotReady" };

function pod(status: Partial<ContainerStatus>, more: Partial<Pod> = {}): Pod {
  return {
    metadata: {
      ...{ name: "shop-5d9-abc", namespace: "production", creationTimestamp: "2026-01-01T00:00:00Z" },
      labels: { "pod-template-hash": "5d9" },
      ownerReferences: [{ kind: "ReplicaSet", name: "shop-5d9" }],
    },
    spec: {
      containers: [{ name: "side" }, { name: "app", readinessProbe: { httpGet: { path: "/healthz", port: 8080 } } }],
    },
    status: {
      conditions: [waiting],
      containerStatuses: [{ name: "app", imageID: "", ready: false, restartCount: 0, ...status }],
    },
    ...more,
  };
}

const event = (reason: string, message: string, count = 1, kind = "Pod", name = "shop-5d9-abc"): Event => ({
  metadata: {},
  involvedObject: { kind, namespace: "production", name, fieldPath: "spec.containers{app}" },
  ...{ reason, message, count, lastTimestamp: "2026-01-01T00:01:00Z" },
});

function only(pods: Pod[], events: Event[] = [], owners: Owner[] = [owner]) {
  const [first, ...rest] = ofWorkloads(owners, pods, events);
  assert.ok(first, "nothing was found");
  assert.deepEqual(rest, []);
  return first;
}

test("an image that is not there is told by the registry's answer, in the owner's file", () => {
  const message =
    'Back-off pulling image "r.example.no/shop:1": ErrImagePull: failed to resolve reference "r.example.no/shop:1": not found';
  const said = only([pod({ state: { waiting: { reason: "ImagePullBackOff", message } } })]);
  assert.deepEqual(
    [said.stage, said.object && nameOf(said.object), said.detail, said.at, said.origin],
    [
      "not pulled",
      "Deployment production/shop",
      message,
      "spec.template.spec.containers[1].image",
      "production/shop/deployment.yaml",
    ],
  );
  assert.match(said.remedy, /no such image/);
});

test("where the kubelet waits for its next try, the event has the registry's answer", () => {
  const events = [event("Failed", 'Failed to pull image "r/shop:1": 401 Unauthorized')];
  const said = only(
    [pod({ state: { waiting: { reason: "ImagePullBackOff", message: "Back-off pulling image" } } })],
    events,
  );
  assert.match(said.detail, /401 Unauthorized/);
  assert.match(said.remedy, /refuses the nodes/);
});

test("three pods with one fault are one cause", () => {
  const waits = {
    state: { waiting: { reason: "CreateContainerConfigError", message: 'secret "database" not found' } },
  };
  const said = only([pod(waits), pod(waits), pod(waits)]);
  assert.deepEqual([said.stage, said.detail], ["not started", 'secret "database" not found']);
  assert.match(said.remedy, /put what is missing into Git/);
});

test("a program that ends at once is told with its exit code and where its log is", () => {
  const crashed = {
    restartCount: 4,
    state: { waiting: { reason: "CrashLoopBackOff", message: "back-off 40s" } },
    lastState: { terminated: { exitCode: 2, reason: "Error" } },
  };
  const said = only([pod(crashed)]);
  assert.deepEqual([said.stage, said.detail], ["crashes", "container app ends, 4 times so far: exit code 2"]);
  assert.deepEqual(said.logOf, { namespace: "production", pod: "shop-5d9-abc", container: "app", previous: true });
});

test("one that is ended for its memory is told so, at its limits", () => {
  const said = only([
    pod({ restartCount: 1, state: { running: {} }, lastState: { terminated: { exitCode: 137, reason: "OOMKilled" } } }),
  ]);
  assert.match(said.detail, /used more memory than its limit/);
  assert.equal(said.at, "spec.template.spec.containers[1].resources");
});

test("a probe that fails as often as it may is told with what it asks; before, the pod is on its way", () => {
  const failed = (count: number) => [
    event("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 404", count),
  ];
  const running = pod({ state: { running: {} } });
  assert.deepEqual(ofWorkloads([owner], [running], failed(2)), []);
  const said = only([running], failed(3));
  assert.equal(
    said.detail,
    "container app: its readiness probe, GET /healthz on port 8080, failed 3 times: HTTP probe failed with statuscode: 404",
  );
  assert.deepEqual([said.stage, said.at], ["not ready", "spec.template.spec.containers[1].readinessProbe"]);
});

test("what a liveness probe ends is told by the probe, and not as a crash", () => {
  const ended = {
    restartCount: 2,
    state: { running: {} },
    lastState: { terminated: { exitCode: 137, reason: "Error" } },
  };
  const events = [event("Unhealthy", "Liveness probe failed: connection refused", 3)];
  assert.deepEqual([only([pod(ended)], events).stage, only([pod(ended)]).stage], ["not ready", "crashes"]);
});

test("a pod that no node has room for names what is short", () => {
  const message = "0/2 nodes are available: 1 Insufficient memory, 1 node(s) had untolerated taint(s).";
  const unscheduled = pod(
    {},
    { status: { conditions: [waiting, { type: "PodScheduled", status: "False", message }] } },
  );
  const said = only([unscheduled]);
  assert.deepEqual([said.stage, said.detail], ["not scheduled", message]);
  assert.match(said.remedy, /ask for less/);
});

test("a volume whose Secret is missing is told before any container", () => {
  const events = [event("FailedMount", 'MountVolume.SetUp failed for volume "v": secret "cert" not found')];
  const said = only([pod({ state: { waiting: { reason: "ContainerCreating" } } })], events);
  assert.equal(said.stage, "not started");
  assert.match(said.detail, /secret "cert" not found/);
});

test("pods that a quota refuses are told by their owner, though there is no pod", () => {
  const message =
    'pods "shop-5d9-" is forbidden: exceeded quota: production, requested: limits.memory=8Gi, used: limits.memory=1Gi, limited: limits.memory=4Gi';
  const short: Owner = { ...owner, status: { conditions: [{ type: "ReplicaFailure", status: "True", message }] } };
  const said = only([], [], [short]);
  assert.equal(said.stage, "refused");
  assert.match(said.detail, /^its pods are refused: exceeded quota: production, requested: limits\.memory=8Gi/);
  const early: Owner = {
    ...owner,
    status: {
      conditions: [{ type: "ReplicaFailure", status: "True", message: "resource quota evaluation timed out" }],
    },
  };
  const latest = event("FailedCreate", message, 1, "ReplicaSet", "shop-5d9");
  const namesake = event("FailedCreate", "another's", 1, "ReplicaSet", "shop-front-5d9");
  assert.match(only([], [namesake, latest], [early]).detail, /exceeded quota/);
  const busy = only([], [namesake], [early]);
  assert.deepEqual(
    [busy.stage, busy.detail],
    ["not answered", "its pods are not made: resource quota evaluation timed out"],
  );
  const set: Owner = { ...owner, kind: "StatefulSet" };
  assert.match(only([], [event("FailedCreate", message, 1, "StatefulSet", "shop")], [set]).detail, /exceeded quota/);
});

test("pods of a former revision are on their way out, and no cause", () => {
  const revision = (number: string) => ({ "deployment.kubernetes.io/revision": number });
  const deployment: Owner = { ...owner, metadata: { ...owner.metadata, annotations: revision("3") } };
  const set = (name: string, number: string) => ({
    metadata: { name, namespace: "production", annotations: revision(number) },
  });
  const pods = [pod({})];
  const present = (...sets: ReturnType<typeof set>[]) => ofPresentRevision(pods, [deployment], sets).length;
  assert.deepEqual([present(set("shop-5d9", "2")), present(set("shop-5d9", "3")), present()], [0, 1, 1]);
  assert.equal(ofPresentRevision(pods, [], [set("shop-5d9", "2")]).length, 1);
});

test("a pod that goes, one that has done its work and one that is ready are no cause", () => {
  const crash = { state: { waiting: { reason: "CrashLoopBackOff" } }, lastState: { terminated: { exitCode: 1 } } };
  const going = pod(crash);
  going.metadata.deletionTimestamp = "2026-01-01T00:00:00Z";
  const done = pod(crash, { status: { phase: "Succeeded" } });
  const ready = pod(crash, { status: { conditions: [{ type: "Ready", status: "True" }] } });
  assert.deepEqual(ofWorkloads([owner], [going, done, ready], []), []);
});

test("what a registry or a node says moves no terminal's cursor", () => {
  const message = 'failed: "\u001b[2J\u001b]0;owned\u0007": not found';
  const said = only([pod({ state: { waiting: { reason: "ErrImagePull", message } } })]);
  assert.doesNotMatch(said.detail, /\p{Cc}/u);
});
