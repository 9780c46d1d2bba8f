import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { must, repository, type Typed, type } from "./user";

/** The lines of the tutorial's shell blocks, in order. */
export function tutorialCommands(): string[] {
  const text = readFileSync(join(repository, "docs", "tutorial.md"), "utf8");
  return [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, block = ""]) => block.trim().split("\n"));
}

/** Types them as they stand, but for standing the environment up and taking it down, in one shell, and the clone elsewhere. */
export async function followTutorial(): Promise<Typed> {
  const all = tutorialCommands();
  const [first, last] = [all.indexOf("./grunnmur up --yes"), all.indexOf("./grunnmur destroy --yes")];
  assert.ok(first >= 0 && last > first);
  const parent = mkdtempSync(join(tmpdir(), "grunnmur-tutorial-"));
  try {
    const typed = all.slice(first + 1, last).map((line) => line.replaceAll("../config", join(parent, "config")));
    const person = { GIT_AUTHOR_NAME: "A Person", GIT_AUTHOR_EMAIL: "person@example.no" };
    const env = { ...person, GIT_COMMITTER_NAME: "A Person", GIT_COMMITTER_EMAIL: "person@example.no" };
    return await must(type("bash", ["-ec", typed.join("\n")], { env, show: true }));
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
}
