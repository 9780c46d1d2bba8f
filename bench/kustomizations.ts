import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { artifactDir, ensure } from "../artifacts/store";
import { storeRoot } from "../lib/places";
import { check, READER } from "./check";
import { byTurns, measure, median, type Taken } from "./measure";
import { OBJECTS, writeRepository } from "./repository";

const ROOTS = 200;
const ROUNDS = 3;
/** Parts of kubectl's wall time. */
const AIMS = { cold: 1 / 3, warm: 1 / 10 };

/** `check` of a repository of many overlays, with nothing built before and again, beside `kubectl kustomize` of each. */
export async function compareKustomizations(say: (text: string) => void): Promise<void> {
  await ensure([READER, "kubernetes"]);
  const directory = mkdtempSync(join(tmpdir(), "grunnmur-bench-"));
  try {
    const repository = join(directory, "repository");
    const roots = writeRepository(repository, ROOTS);
    let home = "";
    const taken = byTurns(ROUNDS, {
      kubectl: () => kubectl(roots, repository),
      cold: () => {
        home = emptyHome(directory);
        return checked(repository, home);
      },
      warm: () => checked(repository, home),
    });
    print(taken, say);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** One root after the other, each by a process of its own, as a pipeline's loop does. */
function kubectl(roots: readonly string[], cwd: string): Taken {
  const program = join(artifactDir("kubernetes"), "bin", "kubectl");
  const loop = 'program=$1; shift; for root; do "$program" kustomize "$root" || exit; echo ---; done';
  const taken = measure("bash", ["-c", loop, "bash", program, ...roots], cwd);
  const objects = taken.output.match(/^kind:/gm)?.length ?? 0;
  return complete("kubectl kustomize", taken, taken.code === 0, objects);
}

function checked(repository: string, home: string): Taken {
  const taken = check(repository, home);
  // 1: the generator writes faults, too.
  const done = taken.code === 0 || taken.code === 1;
  const { counts } = done ? (JSON.parse(taken.output) as { counts: { objects: number } }) : { counts: { objects: 0 } };
  return complete("check", taken, done, counts.objects);
}

/** A quick answer that left something out would be no figure. */
function complete(name: string, taken: Taken, done: boolean, objects: number): Taken {
  if (done && objects === ROOTS * OBJECTS) return taken;
  throw new Error(
    `${name} ended with ${taken.code} and ${objects} objects instead of ${ROOTS * OBJECTS}: ${taken.output.slice(-500)}`,
  );
}

/** Nothing has been built in it; the store is everyone's. */
function emptyHome(directory: string): string {
  const home = mkdtempSync(join(directory, "home-"));
  symlinkSync(storeRoot(), join(home, "store"));
  return home;
}

function print(taken: Record<"kubectl" | "cold" | "warm", Taken[]>, say: (text: string) => void): void {
  const wall = (name: keyof typeof taken) => median(taken[name].map((run) => run.wall));
  const seconds = (name: keyof typeof taken) =>
    `${wall(name).toFixed(1)} s, ${median(taken[name].map((run) => run.cpu)).toFixed(1)} s of CPU`;
  const ratio = (name: "cold" | "warm") =>
    `${(wall(name) / wall("kubectl")).toFixed(3)} of kubectl's time (aim: ${AIMS[name].toFixed(3)})`;
  say(`  ${ROOTS} overlays with ${ROOTS * OBJECTS} objects; median of ${ROUNDS} runs by turns`);
  say(`  ${"kubectl kustomize, one by one".padEnd(32)} ${"".padEnd(42)} (${seconds("kubectl")})`);
  say(`  ${"grunnmur check, nothing cached".padEnd(32)} ${ratio("cold").padEnd(42)} (${seconds("cold")})`);
  say(`  ${"grunnmur check, nothing changed".padEnd(32)} ${ratio("warm").padEnd(42)} (${seconds("warm")})`);
}
