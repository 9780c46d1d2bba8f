import assert from "node:assert/strict";
import { test } from "node:test";
import { editDistance, inUnitOf, nearest, otherUnit } from "./suggest";

test("edit distance counts insertions, deletions, replacements and swaps", () => {
  const cases: [string, string, number][] = [
    ["", "", 0],
    ["", "abc", 3],
    ["site", "site", 0],
    ["site", "sites", 1],
    ["cores", "core", 1],
    ["role", "rule", 1],
    ["ntohing", "nothing", 1],
    ["kitten", "sitting", 3],
  ];
  for (const [a, b, distance] of cases) {
    assert.equal(editDistance(a, b), distance, `${a} ${b}`);
    assert.equal(editDistance(b, a), distance, `${b} ${a}`);
  }
});

test("the nearest key is found by spelling, by a missing unit and by other tools' names", () => {
  const known = ["name", "cores", "memoryMiB", "diskGiB", "address"];
  assert.equal(nearest("adress", known), "address");
  assert.equal(nearest("memory", known), "memoryMiB");
  assert.equal(nearest("memoryMib", known), "memoryMiB");
  assert.equal(nearest("vCPUs", known), "cores");
  assert.equal(nearest("colour", known), undefined);
});

test("values with a unit become numbers in the key's own", () => {
  const cases: [string, unknown, number | undefined][] = [
    ["memoryMiB", "4GiB", 4096],
    ["memoryMiB", "4Gi", 4096],
    ["memoryMiB", "512 MiB", 512],
    ["memoryMiB", "1GB", 954],
    ["memoryMiB", "2048", 2048],
    ["memoryMiB", 2048, undefined],
    ["memoryMiB", "lots", undefined],
    ["memoryMiB", "5s", undefined],
    ["diskGiB", "1.5TiB", 1536],
    ["intervalSeconds", "5m", 300],
    ["intervalSeconds", "500ms", 1],
    ["cores", "500m", undefined],
  ];
  for (const [key, written, number] of cases) assert.equal(inUnitOf(key, written), number, `${key}: ${written}`);
});

test("a number out of bounds is read in another unit", () => {
  assert.match(otherUnit("memoryMiB", 4) ?? "", /4 GiB is meant, write 4096/);
  assert.match(otherUnit("memoryMiB", 2 ** 32) ?? "", /write 4096/);
  assert.match(otherUnit("diskGiB", 102_400) ?? "", /write 100/);
  assert.match(otherUnit("intervalSeconds", 60_000) ?? "", /write 60/);
  assert.equal(otherUnit("cores", 0), undefined);
});
