import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryPath } from "../../lib/places";
import { loadRules } from "../../policies/engine/load";
import type { Rule } from "../../policies/engine/rule";

/** What a bundle with rules in it follows from, besides what is its own. Of packages their versions count. */
export const ruleSources = (): string[] => [
  ...["rules", "engine", "cel", "implementations", "crossguard"].flatMap((name) => sourcesIn("policies", name)),
  ...sourcesIn("stacks"),
  ...sourcesIn("lib"),
  ...["package.json", "package-lock.json", "artifacts/lib/bundle.ts", "artifacts/recipes/embedded-rules.ts"].map(
    (path) => repositoryPath(path),
  ),
];

/** The files below a folder of the repository, without those that only test others. */
export function sourcesIn(...path: string[]): string[] {
  const folder = repositoryPath(...path);
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(ts|yaml|json)$/.test(name) && !name.endsWith(".test.ts"))
    .sort()
    .map((name) => join(folder, name));
}

/** Every rule as data. Its examples are its tests, and stay here. */
export function rulesToEmbed(): Rule[] {
  return loadRules().map((rule) => ({ ...rule, examples: { good: [], bad: [], undetermined: [] } }));
}

/** Grunnmur's own. */
export function ownVersion(): string {
  return (JSON.parse(readFileSync(repositoryPath("package.json"), "utf8")) as { version: string }).version;
}
