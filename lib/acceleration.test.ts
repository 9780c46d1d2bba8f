import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { detectAcceleration } from "./acceleration";

const capable = "processor\t: 0\nflags\t\t: fpu vme svm sse\n";

test("a CPU without virtualization is not probed at all", () => {
  const found = detectAcceleration("flags\t\t: fpu vme svmx\n", () => assert.fail("probed"));
  assert.deepEqual(found, { kvm: false, reason: "the CPU offers no virtualization (no vmx or svm flag)" });
});

test("flags alone do not count: a guest must start", { skip: !existsSync("/dev/kvm") && "no /dev/kvm here" }, () => {
  assert.deepEqual(
    detectAcceleration(capable, () => false),
    {
      kvm: false,
      reason: "QEMU cannot start a guest on /dev/kvm",
    },
  );
  assert.deepEqual(
    detectAcceleration(capable, () => true),
    { kvm: true, reason: "" },
  );
});
