import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { repositoryPath } from "../../lib/places";
import { fromStackFile, parseStack } from "../../stacks/load";
import { toReplace } from "./replace";

const stack = (name: string) =>
  parseStack(fromStackFile(readFileSync(repositoryPath(`Pulumi.${name}.yaml`), "utf8")), name);
const names = (...args: Parameters<typeof toReplace>) => toReplace(...args).map(({ name }) => name);

test("nodes are replaced in the order in which they are named, each once", () => {
  assert.deepEqual(names(stack("prod"), ["worker-2", "control-1", "worker-2"]), ["worker-2", "control-1"]);
});

test("all that cannot be replaced is said at once", () => {
  assert.throws(
    () => toReplace(stack("local"), ["worker-9", "control-1", "registry-1"]),
    /no node "worker-9": it has registry-1, control-1, worker-1\n.*only control plane.*add two others first\n.*Git repositories, of which nothing else has a copy\. To go ahead: --accept-loss registry-1/s,
  );
});

test("the registry's node goes only by its name", () => {
  assert.throws(() => toReplace(stack("local"), ["registry-1"], "worker-1"), /--accept-loss registry-1/);
  assert.deepEqual(names(stack("local"), ["registry-1"], "registry-1"), ["registry-1"]);
});
