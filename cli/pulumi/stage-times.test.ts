import assert from "node:assert/strict";
import { test } from "node:test";
import type { EngineEvent, StepMetadata } from "./events";
import { nameOf, StageTimes, stageOf } from "./stage-times";

const urn = (chain: string, name: string): string => `urn:pulumi:local::grunnmur::${chain}::${name}`;
const disk = urn("grunnmur:platform:Platform$grunnmur:node:KvmNode$command:local:Command", "disk");
const seed = urn("grunnmur:platform:Platform$grunnmur:node:KvmNode$command:local:Command", "seed");
const conf = urn("grunnmur:platform:Platform$grunnmur:registry:Registry$command:remote:Command", "conf");

const begin = (of: string, op: StepMetadata["op"] = "create", provider = "p"): EngineEvent => ({
  resourcePreEvent: { metadata: { op, urn: of, provider } },
});
const end = (of: string, op: StepMetadata["op"] = "create"): EngineEvent => ({
  resOutputsEvent: { metadata: { op, urn: of } },
});
const fail = (of: string): EngineEvent => ({ resOpFailedEvent: { metadata: { op: "create", urn: of } } });

test("a resource's stage is the folder of its innermost component", () => {
  assert.equal(stageOf(disk), "nodes");
  assert.equal(stageOf(conf), "registry");
  assert.equal(stageOf(urn("grunnmur:cluster:Cluster$grunnmur:node:KvmNode$x:y:Z", "n")), "nodes");
  assert.equal(stageOf(urn("grunnmur:platform:Platform$grunnmur:git-server:GitServer$x:y:Z", "n")), "git-server");
  assert.equal(stageOf(urn("pulumi:providers:kubernetes", "k")), "platform");
  assert.equal(nameOf(disk), "disk");
});

test("time in which two resources of a stage are worked on at once counts once", () => {
  const times = new StageTimes();
  assert.equal(times.event(begin(disk), 10), "nodes");
  assert.equal(times.event(begin(seed), 12), undefined);
  assert.deepEqual(times.underWay(), ["nodes: disk, seed"]);
  times.event(end(disk), 15);
  times.event(end(seed), 20);
  times.event(begin(conf), 30);
  times.event(fail(conf), 31);
  assert.deepEqual(times.rows(), [
    { stage: "nodes", seconds: 10, changed: 2, failed: 0 },
    { stage: "registry", seconds: 1, changed: 0, failed: 1 },
  ]);
});

test("components and what stays the same begin no stage; a preview before the update counts for nothing", () => {
  const times = new StageTimes();
  assert.equal(times.event(begin(disk, "create", ""), 0), undefined);
  assert.deepEqual(times.rows(), []);
  assert.equal(times.event(begin(disk, "same"), 0), undefined);
  times.event(end(disk, "same"), 1);
  assert.deepEqual(times.rows(), [{ stage: "nodes", seconds: 1, changed: 0, failed: 0 }]);
  times.event({ summaryEvent: { isPreview: true } }, 2);
  assert.deepEqual(times.rows(), []);
});
