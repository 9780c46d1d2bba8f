import { readFileSync, statfsSync } from "node:fs";
import { missingHostPackages } from "../../artifacts/host-packages";
import { type Machine, machine } from "../../lib/machine";
import { home, repositoryPath } from "../../lib/places";
import type { Stack } from "../../stacks/stack";
import { purposesFor } from "../here/host-packages";
import { leftovers } from "../here/leftovers";
import { missingArtifacts } from "../here/preparation";
import { runsHere } from "../pulumi/stack-file";
import { deadLocks } from "../pulumi/stale-lock";
import type { Check } from "./check";

/** What a local environment and its store take, from nothing (README, "What it needs"). */
const DISK_GIB = 15;
const DISK_LEFT_GIB = 3;
const OF_GUESTS_MIB = 1024;

/** What was measured of this machine; memory and disk in MiB and GiB. */
export interface Measured {
  node: string;
  machine: Machine;
  memoryMiB: number;
  diskGiB: number;
  packages: string[];
  artifacts: string[];
  /** Of processes that are dead, on the state of the stack. */
  locks: number[];
  /** What of the environment is here while nothing of it is up. */
  leftovers: string[];
}

/** Asks this machine. @param up whether the environment is up */
export function measured(stack: Stack, up: boolean): Measured {
  return {
    node: process.versions.node,
    machine: machine(),
    memoryMiB: memoryMiB(readFileSync("/proc/meminfo", "utf8")),
    diskGiB: freeGiB(home()),
    packages: packagesMissing(stack),
    artifacts: missingArtifacts(stack),
    locks: deadLocks(stack.name),
    leftovers: up || !runsHere(stack) ? [] : leftovers(stack.name),
  };
}

const memoryMiB = (meminfo: string): number =>
  Math.floor(Number(/^MemAvailable: +(\d+)/m.exec(meminfo)?.[1] ?? 0) / 1024);

/** Of the nearest directory above that exists: before the first `up` there is no home. */
function freeGiB(directory: string): number {
  for (let here = directory; ; here = here.replace(/\/[^/]*$/, "") || "/") {
    try {
      const { bavail, bsize } = statfsSync(here);
      return (bavail * bsize) / 2 ** 30;
    } catch (error) {
      if (here === "/") throw error;
    }
  }
}

function packagesMissing(stack: Stack): string[] {
  const purposes = purposesFor(stack);
  return purposes.length > 0 ? missingHostPackages(purposes) : [];
}

/** What of this machine is missing, small or slow for the stack. */
export function ofMachine(stack: Stack, found: Measured, up: boolean): Check[] {
  const part = "this machine";
  const here = runsHere(stack);
  const option = stack.name === "local" ? "" : ` --stack ${stack.name}`;
  const { machine: speed, memoryMiB: memory, diskGiB } = found;
  const guests = stack.nodes
    .filter((node) => node.kind === "libvirt" && node.hypervisor.kind === "local")
    .reduce((sum, node) => sum + ("memoryMiB" in node ? node.memoryMiB : 0), 0);
  const needed = here && !up ? guests : OF_GUESTS_MIB / 2;
  const space = here && !up ? DISK_GIB : DISK_LEFT_GIB;
  const slow = speed.slowness > 2;
  const engines = (JSON.parse(readFileSync(repositoryPath("package.json"), "utf8")) as { engines: { node: string } })
    .engines;
  return [
    { part, state: "good", found: `Node.js ${found.node}`, expected: engines.node },
    {
      ...{ part, state: slow || (here && !speed.kvm) ? ("advice" as const) : ("good" as const) },
      found:
        `${speed.cores} cores, one thread ${speed.slowness.toFixed(1)} times as slow as the one of reference` +
        (here ? `, ${speed.kvm ? "KVM" : "no KVM: guests run on emulated CPUs, about 12 times slower"}` : ""),
      ...(here && !speed.kvm ? { remedy: "a machine with /dev/kvm, which you may write to" } : {}),
    },
    {
      ...{ part, state: memory >= needed ? ("good" as const) : ("wrong" as const) },
      found: `${memory} MiB of memory to be had`,
      ...(memory >= needed
        ? {}
        : {
            expected: `${needed} MiB${here && !up ? " for the guests of the stack file" : ""}`,
            remedy: "free some, or give the nodes less",
          }),
    },
    {
      ...{ part, state: diskGiB >= space ? ("good" as const) : ("wrong" as const) },
      found: `${diskGiB.toFixed(1)} GiB of disk free below ${home()}`,
      ...(diskGiB >= space
        ? {}
        : { expected: `${space} GiB`, remedy: "free some, or set GRUNNMUR_HOME to where there is more" }),
    },
    found.packages.length === 0
      ? { part, state: "good", found: "Debian packages: all there" }
      : {
          ...{ part, state: "wrong", found: `Debian packages missing: ${found.packages.join(" ")}` },
          ...{ remedy: `apt-get install --no-install-recommends ${found.packages.join(" ")}`, fix: "packages" },
        },
    found.artifacts.length === 0
      ? { part, state: "good", found: "artifacts: all in the store" }
      : {
          ...{ part, state: "advice", found: `artifacts not in the store: ${found.artifacts.join(", ")}` },
          ...{ remedy: `./grunnmur up${option} brings them`, fix: "artifacts" },
        },
    ...(found.locks.length > 0
      ? [
          {
            ...{
              part,
              state: "wrong" as const,
              found: `the state is locked by a run that is dead (${found.locks.join(", ")})`,
            },
            ...{ remedy: `./grunnmur up${option} removes the lock`, fix: "lock" as const },
          },
        ]
      : []),
    ...(found.leftovers.length > 0
      ? [
          {
            ...{
              part,
              state: "wrong" as const,
              found: `left of an environment that is not up: ${found.leftovers.join("; ")}`,
            },
            remedy: `./grunnmur up${option} goes on with it, ./grunnmur destroy${option} takes it down`,
          },
        ]
      : []),
  ];
}
