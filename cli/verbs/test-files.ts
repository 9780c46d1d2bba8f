import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { repositoryPath, repositoryRoot } from "../../lib/places";

const SKIPPED = new Set(["node_modules", "dist", ".git", "config-repo", "app-repo", "tests"]);

/** Every `*.test.ts` that stands beside its code, relative to the repository. */
export const unitTests = (): string[] => below(repositoryRoot(), (name) => !SKIPPED.has(name));

/** What stands a whole environment up; all but `e2e` on demand. */
export const ENVIRONMENT_TESTS = ["e2e", "ha", "upgrade", "remote", "doctor"] as const;

/** The files of one of them. */
export const environmentTests = (which: (typeof ENVIRONMENT_TESTS)[number]): string[] =>
  below(repositoryPath("tests", which), () => true);

function below(directory: string, enter: (name: string) => boolean): string[] {
  return readdirSync(directory, { withFileTypes: true })
    .flatMap((entry) => {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) return enter(entry.name) ? below(path, enter) : [];
      return entry.name.endsWith(".test.ts") ? [relative(repositoryRoot(), path)] : [];
    })
    .sort();
}
