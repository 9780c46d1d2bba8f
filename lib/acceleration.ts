import { spawnSync } from "node:child_process";
import { accessSync, constants, readFileSync } from "node:fs";

/** What this machine offers to guests. */
export interface Acceleration {
  kvm: boolean;
  /** Why not, where it does not; empty otherwise. */
  reason: string;
}

/**
 * Whether KVM truly works here. `/dev/kvm` may exist and still be unusable, so the CPU's flags are read and, only where
 * they promise something, QEMU is started on it for a moment.
 */
export function detectAcceleration(cpuInfo = readFileSync("/proc/cpuinfo", "utf8"), probe = startsOnKvm): Acceleration {
  if (!/^flags\s*:.*\b(vmx|svm)\b/m.test(cpuInfo)) {
    return { kvm: false, reason: "the CPU offers no virtualization (no vmx or svm flag)" };
  }
  try {
    accessSync("/dev/kvm", constants.R_OK | constants.W_OK);
  } catch {
    return { kvm: false, reason: "/dev/kvm cannot be opened: load the kvm module, or join the group that owns it" };
  }
  return probe() ? { kvm: true, reason: "" } : { kvm: false, reason: "QEMU cannot start a guest on /dev/kvm" };
}

function startsOnKvm(): boolean {
  // `quit` on the monitor ends the guest as soon as the accelerator is up.
  const { status } = spawnSync("qemu-system-x86_64", ["-accel", "kvm", "-display", "none", "-monitor", "stdio"], {
    input: "quit\n",
    timeout: 60_000,
  });
  return status === 0;
}
