import assert from "node:assert/strict";
import { test } from "node:test";
import { Running, type WorkloadObject, type Workloads, whole } from "./running";

const workload = (spec: WorkloadObject["spec"], status: WorkloadObject["status"], generation = 1): WorkloadObject => ({
  metadata: { namespace: "production", name: "a", generation },
  spec,
  status: { observedGeneration: 1, ...status },
});

test("a workload is whole where all of its pods are ready and nobody has yet to look at it", () => {
  const cases: [WorkloadObject, boolean][] = [
    [workload({ replicas: 3 }, { readyReplicas: 3 }), true],
    [workload({ replicas: 3 }, { readyReplicas: 2 }), false],
    [workload({ replicas: 3 }, {}), false],
    [workload({ replicas: 0 }, {}), true],
    [workload({ replicas: 3 }, { readyReplicas: 3 }, 2), false],
    [workload({}, { desiredNumberScheduled: 4, numberReady: 4 }), true],
    [workload({}, { desiredNumberScheduled: 4, numberReady: 3 }), false],
    [workload({}, { desiredNumberScheduled: 0, numberReady: 0 }), true],
  ];
  for (const [object, is] of cases) assert.equal(whole(object), is, JSON.stringify(object));
});

/** A cluster that changes from look to look; the last look stays. */
function running(looks: { notReady?: string; workloads: Workloads }[]): Running {
  const cluster = new Running("");
  const next = () => (looks.length > 1 ? looks.shift() : looks[0]) ?? assert.fail();
  let look = next();
  cluster.nodes = async () => {
    look = next();
    return new Map([
      ["worker-1", { kubelet: "", containerd: "", kernel: "", ready: look.notReady !== "worker-1", takesPods: true }],
    ]);
  };
  cluster.workloads = async () => look.workloads;
  return cluster;
}
const is = (state: boolean): Workloads => new Map([["deployments production/a", state]]);

test("what was whole must be whole again, and every node ready", async () => {
  const left = (now: { notReady?: string; workloads: Workloads }, before = is(true)) =>
    running([now, now]).settled(before, 0);
  assert.deepEqual(await left({ workloads: is(true) }), []);
  assert.deepEqual(await left({ workloads: is(false) }), ["deployments production/a is not whole"]);
  assert.deepEqual(await left({ workloads: is(true), notReady: "worker-1" }), ["node worker-1 is not ready"]);
  // What was broken before, or is gone, holds nothing up.
  assert.deepEqual(await left({ workloads: is(false) }, is(false)), []);
  assert.deepEqual(await left({ workloads: new Map() }), []);
});

test("an API that does not answer is not taken for a cluster that is whole", async () => {
  const cluster = new Running("");
  cluster.nodes = () => Promise.reject(new Error("the cluster's API did not answer: late"));
  cluster.workloads = async () => is(true);
  assert.deepEqual(await cluster.settled(is(true), 0), ["the cluster's API did not answer: late"]);
});
