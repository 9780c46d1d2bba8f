import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Machine, slownessOfAll } from "../../lib/machine";
import { home } from "../../lib/places";

/** What the time of an `up` from nothing depends on. */
export interface Work {
  machine: Machine;
  /** Guests run on this machine, without KVM. */
  emulated: boolean;
  nodes: number;
  /** Artifacts that are needed, and of them those that are not in the store. */
  artifacts: number;
  missing: number;
}

/** A former `up` of the same environment from nothing. */
export interface FormerUp {
  /** Without the making of artifacts. */
  seconds: number;
  /** Of the machine at that time, as `slownessOfAll` says it. */
  slowness: number;
  emulated: boolean;
  nodes: number;
}

// Seconds on the machine of reference: measured with three emulated guests, and with nothing in the store. What KVM makes
// of the first, and what a further node adds, is reckoned and not measured.
const UP = { emulated: 344, kvm: 120 };
const FURTHER_NODE = { emulated: 60, kvm: 15 };
const USUAL_NODES = 3;
// 793 s on a machine 1.56 times as fast.
const ALL_ARTIFACTS = 1200;

/** Seconds that an `up` from nothing will take. A former one of as many nodes is believed rather than the model. */
export function expectedSeconds(work: Work, former?: FormerUp): number {
  const { machine, emulated, nodes, artifacts, missing } = work;
  const slowness = slownessOfAll(machine);
  const kind = emulated ? "emulated" : "kvm";
  const making = artifacts > 0 ? ((ALL_ARTIFACTS * missing) / artifacts) * slowness : 0;
  const up =
    former && isAlike(work, former)
      ? (former.seconds / former.slowness) * slowness
      : (UP[kind] + Math.max(0, nodes - USUAL_NODES) * FURTHER_NODE[kind]) * slowness;
  return making + up;
}

const isAlike = (work: Work, former: FormerUp): boolean =>
  former.emulated === work.emulated && former.nodes === work.nodes;

/** What a person is told before it begins. */
export function expectation(work: Work, former?: FormerUp): string {
  const { machine, emulated, missing } = work;
  const cores = `${Number(machine.cores.toFixed(1))} core${machine.cores === 1 ? "" : "s"}`;
  const why = [
    cores,
    ...(emulated ? ["emulated guests: no KVM"] : []),
    ...(missing > 0 ? [`${missing} artifact${missing === 1 ? "" : "s"} to be got or made`] : []),
    ...(former && isAlike(work, former) ? ["as long as the last time"] : []),
  ];
  return `From nothing this takes about ${about(expectedSeconds(work, former))} here (${why.join(", ")}); a change takes less.`;
}

/** Rounded as far as it can be believed: `2 minutes`, `15 minutes`, `1.5 hours`. */
export function about(seconds: number): string {
  const minutes = seconds / 60;
  if (minutes >= 85) return `${Math.round(minutes / 30) / 2} hours`;
  const rounded = minutes < 10 ? Math.max(1, Math.round(minutes)) : Math.round(minutes / 5) * 5;
  return rounded === 1 ? "1 minute" : `${rounded} minutes`;
}

const fileOf = (stack: string): string => join(home(), "up-times", `${stack}.json`);

/** The last `up` of this environment from nothing; undefined where none is known. */
export function formerUp(stack: string): FormerUp | undefined {
  try {
    const kept = JSON.parse(readFileSync(fileOf(stack), "utf8")) as FormerUp;
    return kept.seconds > 0 && kept.slowness > 0 ? kept : undefined;
  } catch {
    return undefined;
  }
}

export function keepUpTime(stack: string, up: FormerUp): void {
  mkdirSync(dirname(fileOf(stack)), { recursive: true });
  writeFileSync(fileOf(stack), `${JSON.stringify(up)}\n`);
}
