import assert from "node:assert/strict";
import { test } from "node:test";
import { leaveOutDone, markUnsettled } from "./interrupted";

const begun = (type: string, urn: string) => ({ type, resource: { urn } });

test("what was made since is no longer said to be unknown, and all else is", () => {
  const exported = {
    version: 3,
    deployment: {
      resources: [{ urn: "a", inputs: { secret: "cipher" } }, { urn: "b" }],
      pending_operations: [begun("creating", "a"), begun("creating", "gone"), begun("deleting", "b")],
    },
  };
  assert.equal(leaveOutDone(exported), true);
  assert.deepEqual(exported, {
    version: 3,
    deployment: {
      resources: [{ urn: "a", inputs: { secret: "cipher" } }, { urn: "b" }],
      pending_operations: [begun("creating", "gone"), begun("deleting", "b")],
    },
  });
});

test("a state with nothing to leave out is left as it is", () => {
  for (const deployment of [
    undefined,
    {},
    { resources: [{ urn: "a" }] },
    { pending_operations: [begun("creating", "a")] },
  ])
    assert.equal(leaveOutDone({ deployment }), false);
});

test("what was to be changed and was not, by a run that was ended or by a script that failed, differs from all that is wanted", () => {
  const script = (urn: string, more: object = {}) => ({
    urn,
    type: "command:local:Command",
    inputs: { create: "a", ...more },
    outputs: { create: "a", stdout: "b", ...more },
  });
  const deployment = {
    resources: [
      script("ended"),
      script("failed"),
      script("done"),
      script("quiet", { logging: "stderr" }),
      { urn: "other", type: "a:b:C" },
    ],
    pending_operations: [begun("updating", "ended"), begun("updating", "quiet"), begun("updating", "other")],
  };
  assert.equal(markUnsettled({ deployment }, new Set(["failed"])), true);
  const none = { logging: "none" };
  assert.deepEqual(deployment.resources, [
    script("ended", none),
    script("failed", none),
    script("done"),
    script("quiet", none),
    { urn: "other", type: "a:b:C" },
  ]);
  assert.equal(markUnsettled({ deployment }, new Set(["failed"])), false);
  assert.equal(markUnsettled({}, new Set(["failed"])), false);
});
