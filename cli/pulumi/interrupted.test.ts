import assert from "node:assert/strict";
import { test } from "node:test";
import { leaveOutDone } from "./interrupted";

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
