import assert from "node:assert/strict";
import { test } from "node:test";
import { render } from "./render";
import { nothing, notReady, type Report } from "./report";

const ready: Report = {
  stack: "local",
  nodes: [{ name: "control-1", role: "control-plane", ready: true, site: "local-no", address: "10.20.0.11" }],
  registry: { address: "10.20.0.10", ready: true, images: 9 },
  cluster: { version: "v1.36.4", ready: true },
  agent: { ready: true, revision: "main@sha1:a", lastApplied: "main@sha1:a", readOnlyKey: true },
  workloads: [{ namespace: "production", name: "payment-service", ready: 3, desired: 3, image: "r/p@sha256:1" }],
};

test("an environment of which all is ready has nothing to report", () => {
  assert.deepEqual(notReady(ready), []);
  assert.match(render(ready, {}), /production\/payment-service\s+3\/3\s+r\/p@sha256:1[\s\S]*local is ready$/);
});

test("each part that is not ready is named", () => {
  const broken: [Partial<Report>, RegExp][] = [
    [{ nodes: [{ ...ready.nodes[0], ready: false } as Report["nodes"][number]] }, /node control-1/],
    [{ nodes: [] }, /no nodes/],
    [{ registry: { ...ready.registry, ready: false } }, /registry/],
    [{ cluster: { ...ready.cluster, ready: false } }, /API/],
    [{ agent: { ...ready.agent, ready: false } }, /agent/],
    [{ agent: { ...ready.agent, revision: "main@sha1:b" } }, /main@sha1:b is not applied/],
    [{ agent: { ...ready.agent, readOnlyKey: false } }, /read-only/],
    [{ workloads: [{ ...ready.workloads[0], ready: 2 } as Report["workloads"][number]] }, /2 of 3 pods/],
  ];
  for (const [change, message] of broken) {
    const found = notReady({ ...ready, ...change });
    assert.equal(found.length, 1, String(message));
    assert.match(found[0] ?? "", message);
  }
});

test("what was never created has the same shape, and is not ready", () => {
  assert.deepEqual(Object.keys(nothing("local")), Object.keys(ready));
  assert.ok(notReady(nothing("local")).length > 0);
});
