import * as assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Properties } from "../shared/value";
import { podTroubles } from "./pods";
import { readiness } from "./readiness";

function deployment(status: Properties, generation = 1): Properties {
  return { apiVersion: "apps/v1", kind: "Deployment", metadata: { generation }, spec: { replicas: 3 }, status };
}

describe("a deployment", () => {
  const done = { observedGeneration: 1, replicas: 3, updatedReplicas: 3, availableReplicas: 3 };

  it("is ready when every replica is new and available, and no old one is left", () => {
    assert.equal(readiness(deployment(done)).state, "ready");
    assert.match(readiness(deployment({ ...done, availableReplicas: 2 })).message, /2 of 3 replicas are available/);
    assert.match(readiness(deployment({ ...done, updatedReplicas: 1 })).message, /1 of 3 .* new version/);
    assert.match(readiness(deployment({ ...done, replicas: 4 })).message, /1 replicas of the former version/);
  });

  it("is not ready on the status of its former specification", () => {
    assert.match(readiness(deployment(done, 2)).message, /has not seen the new specification/);
  });
});

describe("other kinds", () => {
  const withStatus = (apiVersion: string, kind: string, status: Properties) => ({ apiVersion, kind, status });

  it("wait for what each of them promises", () => {
    const crd = ["apiextensions.k8s.io/v1", "CustomResourceDefinition"] as const;
    const established = { conditions: [{ type: "Established", status: "True" }] };
    assert.equal(readiness(withStatus(...crd, established)).state, "ready");
    assert.equal(readiness(withStatus(...crd, {})).state, "waiting");
    assert.equal(readiness(withStatus("v1", "Namespace", { phase: "Active" })).state, "ready");
    assert.equal(readiness(withStatus("v1", "Namespace", { phase: "Terminating" })).state, "waiting");
  });

  it("fail at once when they can only fail", () => {
    const failed = { conditions: [{ type: "Failed", status: "True", reason: "BackoffLimitExceeded" }] };
    const { state, message } = readiness(withStatus("batch/v1", "Job", failed));
    assert.equal(state, "failed");
    assert.match(message, /BackoffLimitExceeded/);
  });

  it("are ready as soon as they exist when nothing is known of them", () => {
    assert.equal(readiness(withStatus("example.org/v1", "Deployment", {})).state, "ready");
  });
});

describe("the troubles of pods", () => {
  it("say why a container waits and how it ended last", () => {
    const waiting = { waiting: { reason: "CrashLoopBackOff", message: "back-off 10s" } };
    const container = { name: "app", ready: false, state: waiting, lastState: { terminated: { exitCode: 2 } } };
    const pod = { metadata: { name: "p" }, status: { containerStatuses: [container] } };
    assert.deepEqual(podTroubles([pod]), [
      "pod p: container app is waiting: CrashLoopBackOff: back-off 10s; it last ended with exit code 2",
    ]);
  });

  it("say why a pod has no node, and nothing of pods that work", () => {
    const unscheduled = { type: "PodScheduled", status: "False", reason: "Unschedulable", message: "no nodes" };
    const pod = { metadata: { name: "p" }, status: { conditions: [unscheduled] } };
    const fine = { metadata: { name: "q" }, status: { containerStatuses: [{ name: "app", ready: true }] } };
    assert.deepEqual(podTroubles([pod, fine]), ["pod p: not scheduled: Unschedulable: no nodes"]);
  });
});
