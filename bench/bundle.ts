import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { artifactDir, artifactReady, ensure } from "../artifacts/store";
import { check, FACTS, READER } from "./check";
import { byTurns, measure, median, type Taken } from "./measure";
import { OBJECTS, writeRepository } from "./repository";

const ROOTS = 8;
const ROUNDS = 5;

/** `check` as one file beside the verb, on what a team keeps in Git; and how large the file and its image are. */
export async function compareBundle(say: (text: string) => void): Promise<void> {
  await ensure([READER, "check"]);
  const program = join(artifactDir("check"), "grunnmur-check.cjs");
  const directory = mkdtempSync(join(tmpdir(), "grunnmur-bench-"));
  try {
    writeRepository(directory, ROOTS);
    const taken = byTurns(ROUNDS, {
      verb: () => complete("the verb", check(directory)),
      file: () => {
        const args = [program, ...FACTS, "--format", "json", directory];
        return complete("the file", measure(process.execPath, args, directory));
      },
    });
    print(taken, say);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  say(`  grunnmur-check.cjs ${size(program)}`);
  const image = join(artifactDir("check-image"), "image.tar");
  say(
    `  its image          ${artifactReady("check-image") ? size(image) : "not in the store: ensure-main.js check-image"}`,
  );
}

/** A quick answer that left something out would be no figure. */
function complete(name: string, taken: Taken): Taken {
  // 1: the generator writes faults, too.
  const done = taken.code === 0 || taken.code === 1;
  const objects = done ? (JSON.parse(taken.output) as { counts: { objects: number } }).counts.objects : 0;
  if (objects === ROOTS * OBJECTS) return taken;
  throw new Error(`${name} ended with ${taken.code} and ${objects} objects: ${taken.output.slice(-500)}`);
}

function print(taken: Record<"verb" | "file", Taken[]>, say: (text: string) => void): void {
  const of = (name: keyof typeof taken, what: "wall" | "cpu") => median(taken[name].map((run) => run[what]));
  const seconds = (name: keyof typeof taken) =>
    `${of(name, "wall").toFixed(2)} s, ${of(name, "cpu").toFixed(2)} s of CPU`;
  const ratio = (what: "wall" | "cpu") => (of("file", what) / of("verb", what)).toFixed(2);
  say(`  ${ROOTS} overlays with ${ROOTS * OBJECTS} objects; median of ${ROUNDS} runs by turns`);
  say(`  the verb, which keeps what was built    ${seconds("verb")}`);
  say(
    `  the file, which keeps nothing           ${seconds("file")}: ${ratio("wall")} of the verb's time (${ratio("cpu")} of its CPU)`,
  );
}

const size = (path: string): string => `${(statSync(path).size / 2 ** 20).toFixed(1)} MiB`;
