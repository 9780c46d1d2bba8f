import { duration } from "../terminal/duration";
import { table } from "../terminal/table";
import type { StageTime } from "./stage-times";
import { type Update, unchanged } from "./update";

/** The table at the end of `up`: each stage with its seconds and what it changed. */
export function summary(stages: StageTime[], { code, changes }: Update, totalSeconds: number): string[] {
  const rows = merged(stages).map(({ stage, seconds, changed, failed }) => [
    stage,
    seconds.toFixed(1),
    String(changed),
    failed > 0 ? `${failed} failed` : "",
  ]);
  return [
    "",
    ...table(["stage", "seconds", "changed", ""], rows, { right: ["seconds", "changed"] }),
    "",
    `${code !== 0 ? "Stopped" : unchanged(changes) ? "No changes" : said(changes)}. ${duration(totalSeconds)} in all.`,
  ];
}

/** A second try adds to the first. */
function merged(stages: StageTime[]): StageTime[] {
  const byName = new Map<string, StageTime>();
  for (const { stage, seconds, changed, failed } of stages) {
    const sum = byName.get(stage) ?? { stage, seconds: 0, changed: 0, failed: 0 };
    byName.set(stage, { stage, seconds: sum.seconds + seconds, changed: sum.changed + changed, failed });
  }
  return [...byName.values()];
}

const said = (changes: Record<string, number>): string =>
  Object.entries(changes)
    .filter(([op]) => op !== "same")
    .map(([op, count]) => `${count} ${op}`)
    .join(", ");
