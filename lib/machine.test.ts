import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { machine, patience, patienceHere, usableCores } from "./machine";

test("limits follow the machine: its speed, its cores, and whether its guests are emulated", () => {
  assert.equal(patience({ slowness: 1, cores: 2, kvm: true }), 1);
  assert.equal(patience({ slowness: 0.4, cores: 64, kvm: true }), 1, "a fast machine is given no less");
  assert.equal(patience({ slowness: 1, cores: 2, kvm: false }), 3);
  assert.equal(patience({ slowness: 2.5, cores: 2, kvm: false }), 8);
  assert.equal(patience({ slowness: 3, cores: 1, kvm: false }), 18);
  assert.equal(patience({ slowness: 90, cores: 0.1, kvm: false }), 30, "nobody waits for ever");
  assert.equal(patienceHere({ GRUNNMUR_PATIENCE: "7" }), 7);
});

test("cores are those of the affinity and of every control group above", () => {
  const files: Record<string, string> = {
    "/proc/self/cgroup": "0::/a/b\n",
    "/sys/fs/cgroup/a/cpu.max": "150000 100000\n",
    "/sys/fs/cgroup/a/b/cpu.max": "max 100000\n",
  };
  assert.equal(
    usableCores(8, (path) => files[path] ?? ""),
    1.5,
  );
  assert.equal(
    usableCores(1, (path) => files[path] ?? ""),
    1,
  );
  assert.equal(
    usableCores(4, () => ""),
    4,
  );
});

test("a machine is measured once a boot", () => {
  const folder = mkdtempSync(join(tmpdir(), "machine-"));
  try {
    const file = join(folder, "made", "machine.json");
    let measured = 0;
    const measure = () => {
      measured += 1;
      return 0.15;
    };
    const { slowness } = machine(measure, file);
    assert.ok(slowness > 1);
    assert.equal(machine(measure, file).slowness, slowness);
    assert.equal(measured, 1);
    writeFileSync(file, '{"boot":"another","slowness":9}');
    assert.equal(machine(measure, file).slowness, slowness);
    assert.equal(measured, 2);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
