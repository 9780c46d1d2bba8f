import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { repositoryPath } from "../../lib/places";
import { fromStackFile, parseStack } from "../../stacks/load";
import type { Stack } from "../../stacks/stack";
import { replaceVerb, toReplace } from "./replace";

const stack = (name: string) =>
  parseStack(fromStackFile(readFileSync(repositoryPath(`Pulumi.${name}.yaml`), "utf8")), name);
const none = new Set<string>();
const names = (...args: Parameters<typeof toReplace>) => toReplace(...args).map(({ name }) => name);

test("nodes are replaced in the order in which they are named, each once", () => {
  assert.deepEqual(names(stack("prod"), ["worker-2", "control-1", "worker-2"], new Set(["worker-2"])), [
    "worker-2",
    "control-1",
  ]);
});

test("all that cannot be replaced is said at once", () => {
  assert.throws(
    () => toReplace(stack("local"), ["worker-9", "control-1", "registry-1"], none),
    /no node "worker-9": it has registry-1, control-1, worker-1\n.*only control plane.*add two others first\n.*disk of 20 GiB is deleted, with .*Git repositories, of which nothing else has a copy\. To go ahead: --accept-loss registry-1/s,
  );
});

test("the registry's node goes only by its name", () => {
  assert.throws(() => toReplace(stack("local"), ["registry-1"], none, ["worker-1"]), /--accept-loss registry-1/);
  assert.deepEqual(names(stack("local"), ["registry-1"], none, ["registry-1"]), ["registry-1"]);
});

test("a registry's node loses nothing where its data is on a data disk that was seen in use, and is declared yet", () => {
  const plain = stack("local");
  const nodes = plain.nodes.map((node) => (node.name === "registry-1" ? { ...node, dataDiskGiB: 50 } : node));
  const declared = { ...plain, nodes } as Stack;
  const seen = new Set(["registry-1"]);
  assert.deepEqual(names(declared, ["registry-1"], seen), ["registry-1"]);
  for (const [which, disks] of [
    [declared, none],
    [plain, seen],
  ] as const) {
    assert.throws(
      () => toReplace(which, ["registry-1"], disks),
      /disk of 20 GiB is deleted, with every image that CI pushed.*--accept-loss registry-1/,
    );
  }
});

test("a worker with volumes goes only by its name, or with a data disk that was seen in use", () => {
  const plain = stack("local");
  const nodes = plain.nodes.map((node) => (node.name === "worker-1" ? { ...node, dataDiskGiB: 50 } : node));
  const storage = { enabled: true, reclaimPolicy: "Delete" as const };
  const volumes: Stack = { ...plain, storage };
  assert.throws(() => names(volumes, ["worker-1"], none), /deleted, with the volumes.*--accept-loss worker-1/);
  assert.deepEqual(names(volumes, ["worker-1"], none, ["worker-1"]), ["worker-1"]);
  assert.deepEqual(names({ ...volumes, nodes } as Stack, ["worker-1"], new Set(["worker-1"])), ["worker-1"]);
});

test("a loss is accepted once for each node, and takes no node's name for another", () => {
  const verb = replaceVerb();
  const { operands } = verb.parseOptions(["--accept-loss", "worker-1", "--accept-loss", "registry-1", "worker-1"]);
  assert.deepEqual([verb.opts().acceptLoss, operands], [["worker-1", "registry-1"], ["worker-1"]]);
});
