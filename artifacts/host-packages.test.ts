import assert from "node:assert/strict";
import { test } from "node:test";
import { missingFrom, missingHostPackages } from "./host-packages";

test("a package that was removed but kept its settings is missing", () => {
  const dpkg = "git installed\nhaproxy config-files\nqemu-utils installed\n";
  assert.deepEqual(missingFrom(["qemu-utils", "haproxy", "git", "mmdebstrap"], dpkg), ["haproxy", "mmdebstrap"]);
});

test("an unknown purpose is answered with the known ones", () => {
  assert.throws(() => missingHostPackages(["virtual machine"]), /"virtual machine"; it has virtual machines/);
});
