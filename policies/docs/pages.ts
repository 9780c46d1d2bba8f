import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rulesDirectory } from "../engine/load";
import type { Rule } from "../engine/rule";
import { indexPage } from "./index-page";
import { page } from "./page";

export const pagesDirectory = (): string => join(rulesDirectory(), "..", "..", "docs", "rules");

/** Every file of `docs/rules`, by name. */
export function pages(rules: readonly Rule[]): Map<string, string> {
  return new Map([
    ["README.md", indexPage(rules)],
    ...rules.map((rule): [string, string] => [`${rule.id}.md`, page(rule)]),
  ]);
}

/** Names of files that are not as the rules say: missing, different, or of a rule that is gone. */
export function stale(wanted: ReadonlyMap<string, string>, directory = pagesDirectory()): string[] {
  const found = existsSync(directory) ? readdirSync(directory) : [];
  return [...new Set([...wanted.keys(), ...found])]
    .filter((name) => !found.includes(name) || readFileSync(join(directory, name), "utf8") !== wanted.get(name))
    .sort();
}

/** @returns the names of the files that changed */
export function writePages(wanted: ReadonlyMap<string, string>, directory = pagesDirectory()): string[] {
  const changed = stale(wanted, directory);
  mkdirSync(directory, { recursive: true });
  for (const name of changed) {
    const text = wanted.get(name);
    if (text === undefined) rmSync(join(directory, name));
    else writeFileSync(join(directory, name), text);
  }
  return changed;
}
