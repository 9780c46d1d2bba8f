import assert from "node:assert/strict";
import { test } from "node:test";
import { read } from "./made-from";

const urn = (name: string) => `urn:pulumi:prod::grunnmur::type::${name}`;
const disk = (node: string, image: string, id: string) => ({
  urn: urn(`${node}-disk`),
  id,
  inputs: { environment: { IMAGE_DIR: `/store/golden-image/${image}` } },
});
const origin = { urn: urn("cluster-origin"), outputs: { stdout: '{"versions":{"kubernetes":"v1.36.1"}}' } };

test("versions and images are those of the state", () => {
  const versions = { urn: urn("cluster-versions"), inputs: { input: { kubernetes: "v1.36.4" } } };
  const { kubernetes, disks } = read([origin, versions, disk("worker-1", "abc", "7")]);
  assert.equal(kubernetes, "v1.36.4");
  assert.deepEqual([...disks], [["worker-1", { urn: urn("worker-1-disk"), id: "7", image: "abc" }]]);
});

test("an environment from before its versions were kept has those that it began with", () => {
  assert.equal(read([origin]).kubernetes, "v1.36.1");
  assert.deepEqual(read([]), { rotations: {}, disks: new Map() });
});

test("a disk that is about to go is none", () => {
  const { disks } = read([{ ...disk("worker-1", "old", "1"), delete: true }, disk("worker-1", "new", "2")]);
  assert.equal(disks.get("worker-1")?.image, "new");
});
