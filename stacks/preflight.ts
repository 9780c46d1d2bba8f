import type { Stack } from "./stack";

/**
 * What a node must hold to be given work: the 99th percentile of a small append with fdatasync, the share of CPU time that the
 * hypervisor may give to others in per cent, and whether the end of the boot is waited for and ten times as much is written.
 *
 * Ten milliseconds is what etcd's documentation asks of production. A laptop or an emulated guest is let off: with other
 * work on the machine 1.2 s have been seen, and etcd's pace for emulated CPUs bears them.
 */
export function preflightLimits({ environment }: Pick<Stack, "environment">) {
  switch (environment) {
    case "production":
      return { fsyncP99Milliseconds: 10, stealPercent: 5, thorough: true };
    case "development":
      return { fsyncP99Milliseconds: 2000, stealPercent: 50, thorough: false };
  }
}
