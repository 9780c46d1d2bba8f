import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { artifactDir } from "../artifacts/store";
import { pulumiOutput } from "../cli/pulumi/pulumi";
import { nameOf, stageOf } from "../cli/pulumi/stage-times";
import type { TraceEvent } from "../cli/pulumi/trace";
import { environmentDir, repositoryPath } from "../lib/places";
import { withPrivateDir } from "../lib/private-dir";
import { type Bar, byHand, type Exported } from "./by-hand";
import { measure } from "./measure";

const STACK = "local";
const AIM = 1.1;
const SHOWN = 12;

/**
 * `./grunnmur up` of the environment `local` from nothing, and then the same steps by hand: what `up` left in the state is
 * run again, in the best order that its dependencies leave. Between the two, and at the end, it is destroyed.
 */
export async function measureStandingUp(say: (text: string) => void): Promise<void> {
  if (existsSync(environmentDir(STACK))) throw new Error(`${STACK} is up: ./grunnmur destroy --yes, and then again`);
  const directory = mkdtempSync(join(tmpdir(), "grunnmur-bench-up-"));
  try {
    const trace = join(directory, "trace.json");
    const up = grunnmur(["up", "--yes", "--trace", trace]);
    say(`  ./grunnmur up: ${up.toFixed(0)} s`);
    const bars = (JSON.parse(readFileSync(trace, "utf8")) as { traceEvents: TraceEvent[] }).traceEvents;
    const exported = await pulumiOutput(["stack", "export", "--stack", STACK, "--show-secrets"]);
    const { resources } = (JSON.parse(exported) as { deployment: { resources: Exported[] } }).deployment;
    grunnmur(["destroy", "--yes"]);
    const began = performance.now();
    const hand = await withPrivateDir((work) =>
      byHand(resources, work, join(artifactDir("kubernetes"), "bin", "kubectl")),
    );
    const seconds = (performance.now() - began) / 1000;
    say(`  by hand: ${seconds.toFixed(0)} s, up takes ${(up / seconds).toFixed(2)} times as long (aim ${AIM})`);
    for (const line of longest(bars, hand)) say(line);
  } finally {
    grunnmur(["destroy", "--yes"]);
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Seconds that it took. */
function grunnmur(args: string[]): number {
  const { code, wall, output } = measure(repositoryPath("grunnmur"), args, repositoryPath());
  if (code !== 0) throw new Error(`./grunnmur ${args.join(" ")} ended with ${code}:\n${output.slice(-2000)}`);
  return wall;
}

/** When the longest steps began and ended, both ways. */
function longest(trace: readonly TraceEvent[], hand: readonly Bar[]): string[] {
  const both = hand.flatMap(({ urn, from, to }) => {
    const ours = trace.find(({ ph, name, cat }) => ph === "X" && name === nameOf(urn) && cat === stageOf(urn));
    const [start, took] = [(ours?.ts ?? 0) / 1e6, (ours?.dur ?? 0) / 1e6];
    return ours ? [{ name: `${stageOf(urn)}/${nameOf(urn)}`, start, end: start + took, took, from, to }] : [];
  });
  const span = (from: number, to: number): string => `${from.toFixed(0)}-${to.toFixed(0)} s`.padStart(12);
  return both
    .sort((a, b) => b.took - a.took)
    .slice(0, SHOWN)
    .sort((a, b) => a.start - b.start)
    .map(
      ({ name, start, end, from, to }) => `    ${name.padEnd(44)} up ${span(start, end)}, by hand ${span(from, to)}`,
    );
}
