import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { detectAcceleration } from "./acceleration";
import { home } from "./places";

/** What the machine that grunnmur runs on can do, beside the one on which its limits were set. */
export interface Machine {
  /** How many times longer one thread takes for the same work; 1 on the machine of reference. */
  slowness: number;
  /** Cores that may be used, of affinity and control groups; 0.5 is half of one's time. */
  cores: number;
  /** Guests here run on real CPUs. */
  kvm: boolean;
}

/** Limits were set, and times taken, on two cores of a server. */
export const REFERENCE_CORES = 2;
/** Seconds that one round of the loop took there. */
const REFERENCE_SECONDS = 0.09;

// Integers and an array, as an emulator works: hashing would measure an instruction that one CPU has and another has not.
const LOOP = `
const table = new Int32Array(65536);
let best = Infinity;
for (let round = 0; round < 6; round++) {
  const began = performance.now();
  let x = 1;
  for (let i = 0; i < 6e7; i++) { x = (Math.imul(x, 1103515245) + 12345) | 0; table[x >>> 16] ^= x; }
  best = Math.min(best, performance.now() - began);
}
console.log(best / 1000);`;

/**
 * Measures the machine, within about a second; what it found is kept until the next boot. What one thread does in its best
 * round is the machine's speed; what else runs beside it is not.
 */
export function machine(measure: () => number = secondsOfARound, file = join(home(), "machine.json")): Machine {
  return {
    slowness: slowness(measure, file),
    cores: usableCores(),
    kvm: detectAcceleration(undefined, () => true).kvm,
  };
}

function slowness(measure: () => number, file: string): number {
  const boot = read("/proc/sys/kernel/random/boot_id").trim();
  try {
    const kept = JSON.parse(readFileSync(file, "utf8")) as { boot: string; slowness: number };
    if (kept.boot === boot && kept.slowness > 0) return kept.slowness;
  } catch {
    // Never measured, or by another version.
  }
  const found = Math.round((measure() / REFERENCE_SECONDS) * 100) / 100;
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(`${file}.${process.pid}`, `${JSON.stringify({ boot, slowness: found })}\n`);
    renameSync(`${file}.${process.pid}`, file);
  } catch {
    // Measured again the next time.
  }
  return found;
}

function secondsOfARound(): number {
  const { stdout } = spawnSync(process.execPath, ["-e", LOOP], { encoding: "utf8", timeout: 60_000 });
  return Number(stdout) || REFERENCE_SECONDS;
}

/** The smallest of what the affinity and the control groups above this process leave it. */
export function usableCores(affinity = availableParallelism(), files: (path: string) => string = read): number {
  const own = /^0::(.*)$/m.exec(files("/proc/self/cgroup"))?.[1] ?? "/";
  const parts = own.split("/").filter(Boolean);
  const limits = [...Array(parts.length + 1).keys()].map((count) => {
    const [quota, period] = files(join("/sys/fs/cgroup", ...parts.slice(0, count), "cpu.max"))
      .trim()
      .split(" ");
    return Number(quota) / Number(period);
  });
  // Version 1 of control groups.
  const old =
    Number(files("/sys/fs/cgroup/cpu/cpu.cfs_quota_us")) / Number(files("/sys/fs/cgroup/cpu/cpu.cfs_period_us"));
  return Math.min(affinity, ...[...limits, old].filter((limit) => limit > 0));
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** How many times longer work takes that all the cores share. More cores than four do not shorten an `up`. */
export function slownessOfAll({ slowness, cores }: Omit<Machine, "kvm">): number {
  return slowness * Math.max(0.5, REFERENCE_CORES / cores);
}

/**
 * By what a limit is multiplied that is set for real CPUs on the machine of reference: a whole number, 1 on a machine like
 * it or a faster one. Waiting for emulated guests takes three times that, and no machine is waited for more than thirty.
 */
export function patience({ kvm, ...rest }: Machine): number {
  return Math.min(30, Math.ceil(Math.max(1, slownessOfAll(rest)) * (kvm ? 1 : 3)));
}

/** The limits' factor, as one who runs grunnmur set it or as the machine is: what is started here reads it too. */
export function patienceHere(environment: NodeJS.ProcessEnv = process.env): number {
  const given = Number(environment.GRUNNMUR_PATIENCE);
  return given >= 1 ? Math.ceil(given) : patience(machine());
}
