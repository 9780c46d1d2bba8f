import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { about, expectation, expectedSeconds, formerUp, keepUpTime, type Work } from "./estimate";

const reference = { slowness: 1, cores: 2, kvm: false };
const work: Work = { machine: reference, emulated: true, nodes: 3, artifacts: 7, missing: 0 };

test("the machine of reference takes what was measured there", () => {
  assert.equal(expectedSeconds(work), 344);
  assert.equal(expectedSeconds({ ...work, missing: 7 }), 1544);
});

test("speed, cores, KVM, missing artifacts and nodes each tell", () => {
  const slow = expectedSeconds({ ...work, machine: { ...reference, slowness: 2.5 } });
  assert.ok(Math.abs(slow - 848) < 85, `${slow} s, where 848 s were measured`);
  assert.equal(expectedSeconds({ ...work, machine: { ...reference, cores: 1 } }), 688);
  assert.ok(expectedSeconds({ ...work, emulated: false }) < 344 / 2);
  assert.ok(expectedSeconds({ ...work, nodes: 5 }) > 344);
  assert.equal(expectedSeconds({ ...work, nodes: 2 }), 344);
});

test("a former up of as many nodes is believed, at the speed of now", () => {
  const former = { seconds: 500, slowness: 1, emulated: true, nodes: 3 };
  assert.equal(expectedSeconds(work, former), 500);
  assert.equal(expectedSeconds({ ...work, machine: { ...reference, slowness: 2 } }, former), 1000);
  assert.equal(expectedSeconds({ ...work, nodes: 5 }, former), expectedSeconds({ ...work, nodes: 5 }));
  assert.equal(expectedSeconds({ ...work, emulated: false }, former), expectedSeconds({ ...work, emulated: false }));
});

test("the time of an up is found again, and a stack without one has none", () => {
  const before = process.env.GRUNNMUR_HOME;
  process.env.GRUNNMUR_HOME = mkdtempSync(join(tmpdir(), "estimate-"));
  try {
    assert.equal(formerUp("local"), undefined);
    const up = { seconds: 500, slowness: 1, emulated: true, nodes: 3 };
    keepUpTime("local", up);
    assert.deepEqual(formerUp("local"), up);
  } finally {
    rmSync(process.env.GRUNNMUR_HOME, { recursive: true });
    if (before === undefined) delete process.env.GRUNNMUR_HOME;
    else process.env.GRUNNMUR_HOME = before;
  }
});

test("it is said in a round figure, with what it rests on", () => {
  const machine = { ...reference, slowness: 2.5 };
  assert.equal(
    expectation({ ...work, machine, missing: 1 }),
    "From nothing this takes about 20 minutes here (2 cores, emulated guests: no KVM, 1 artifact to be got or made); " +
      "a change takes less.",
  );
  const former = { seconds: 500, slowness: 1, emulated: true, nodes: 3 };
  assert.match(expectation(work, former), /about 8 minutes here .*as long as the last time/);
  assert.doesNotMatch(expectation({ ...work, nodes: 4 }, former), /last time/);
  assert.deepEqual([20, 344, 848, 6000].map(about), ["1 minute", "6 minutes", "15 minutes", "1.5 hours"]);
});
