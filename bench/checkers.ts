import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensure } from "../artifacts/store";
import { repositoryPath } from "../lib/places";
import { check, READER } from "./check";
import { writeManifests } from "./manifests";
import { byTurns, measure, median, type Taken } from "./measure";
import { type Tool, tool } from "./tools";

const MANIFESTS = 10_000;
const ROUNDS = 3;

/** `check` over many manifests, beside other checkers on the rules that both have. */
export async function compareCheckers(say: (text: string) => void): Promise<void> {
  await ensure([READER]);
  const directory = mkdtempSync(join(tmpdir(), "grunnmur-bench-"));
  try {
    const files = writeManifests(join(directory, "manifests"), MANIFESTS);
    const programs: Record<string, () => Taken> = { "grunnmur check, every rule": () => ours(directory) };
    const add = async (name: Tool, title: string, args: readonly string[]) => {
      const found = await tool(name, say);
      if ("path" in found) programs[title] = () => measure(found.path, args, directory);
      else say(`${name} is left out: ${found.why}`);
    };
    await add("kube-score", "kube-score, its default tests", scoreArgs(files));
    await add("gator", "gator, one constraint in CEL", gatorArgs(directory));
    await add("kyverno", "kyverno, one policy in CEL", kyvernoArgs(directory));
    print(byTurns(ROUNDS, programs), say);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const ours = (directory: string): Taken => check(join(directory, "manifests"));

const scoreArgs = (files: readonly string[]): string[] => ["score", "--output-format", "json", ...files];
const gatorArgs = (directory: string): string[] => [
  ...["test", "--filename", repositoryPath("bench", "gator-rules.yaml")],
  ...["--filename", join(directory, "manifests"), "--output", "json"],
];

const kyvernoArgs = (directory: string): string[] => [
  ...["apply", repositoryPath("bench", "kyverno-rules.yaml")],
  ...["--resource", join(directory, "manifests")],
];

/** How many of the objects with a fault each names, as a sign that all of them did the work. */
function found({ output }: Taken): number {
  return new Set(output.match(/service-\d*[37]\b/g) ?? []).size;
}

function print(taken: Record<string, Taken[]>, say: (text: string) => void): void {
  const rows = Object.entries(taken).map(([name, runs]) => ({
    name,
    wall: median(runs.map((run) => run.wall)),
    cpu: median(runs.map((run) => run.cpu)),
    found: found(runs[0] as Taken),
    code: runs[0]?.code,
  }));
  const first = rows[0];
  say(`${MANIFESTS} Deployments, one in five with a fault; median of ${ROUNDS} runs by turns`);
  for (const row of rows) {
    const ratio = `${(row.wall / (first?.wall ?? 1)).toFixed(2)} of our time, ${(row.cpu / (first?.cpu ?? 1)).toFixed(2)} of our CPU`;
    const seconds = `${row.wall.toFixed(1)} s, ${row.cpu.toFixed(1)} s of CPU`;
    say(
      `  ${row.name.padEnd(32)} ${ratio.padEnd(40)} (${seconds}; exit code ${row.code}, ${row.found} faulty objects named)`,
    );
  }
}
