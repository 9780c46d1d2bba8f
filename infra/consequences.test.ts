import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fromStackFile, parseStack } from "../stacks/load";
import type { Stack } from "../stacks/stack";
import { judge } from "./consequences";

const deployed = parseStack(fromStackFile(readFileSync(join(__dirname, "../Pulumi.local.yaml"), "utf8")), "local");
const renamed: Stack = { ...deployed, cluster: { ...deployed.cluster, name: "other" } };
const moved: Stack = { ...deployed, sync: { ...deployed.sync, path: "./clusters/other" } };

test("what cannot be changed stops a preview as it stops an up, whatever loss is accepted", () => {
  for (const preview of [true, false]) {
    assert.throws(
      () => judge(deployed, renamed, ["sync"], preview),
      /nothing was touched:\n {2}- cluster\.name is "local"/,
    );
  }
});

test("a loss stops up until it is accepted by its name, and that of another does not do", () => {
  assert.throws(() => judge(deployed, moved, [], false), /Nothing was touched. To go ahead: .*--accept-loss sync/);
  assert.throws(() => judge(deployed, moved, ["worker-1"], false), /--accept-loss sync/);
  assert.doesNotThrow(() => judge(deployed, moved, ["sync"], false));
});

test("a preview names the loss and goes on, so that the rest of the change is seen", () => {
  assert.doesNotThrow(() => judge(deployed, moved, [], true));
});
