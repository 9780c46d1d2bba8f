import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { stateDir } from "../../lib/places";

/** What a part last answered, in a few words, and when (ISO 8601). */
export interface LastAnswer {
  at: string;
  what: string;
}

const fileOf = (stack: string): string => join(stateDir(), "last-answers", `${stack}.json`);

/** By part; empty where nothing is known. */
export function lastAnswers(stack: string): Record<string, LastAnswer> {
  try {
    return JSON.parse(readFileSync(fileOf(stack), "utf8")) as Record<string, LastAnswer>;
  } catch {
    return {};
  }
}

/** Keeps what was answered now beside what others answered before. A report does not fail over it. */
export function keepAnswers(stack: string, answers: Record<string, string>): void {
  const at = new Date().toISOString();
  const now = Object.fromEntries(Object.entries(answers).map(([part, what]) => [part, { at, what }]));
  try {
    mkdirSync(dirname(fileOf(stack)), { recursive: true, mode: 0o700 });
    writeFileSync(fileOf(stack), JSON.stringify({ ...lastAnswers(stack), ...now }));
  } catch {
    // A home that cannot be written to.
  }
}

export const forgetAnswers = (stack: string): void => rmSync(fileOf(stack), { force: true });
