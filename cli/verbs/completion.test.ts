import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { test } from "node:test";
import { repositoryPath } from "../../lib/places";

// A process of its own: what completes writes to standard output, and ends by itself.
const complete = (...args: string[]): string[] =>
  execFileSync(process.execPath, ["--import", "tsx", repositoryPath("cli", "main.ts"), ...args], { encoding: "utf8" })
    .split("\n")
    .map((line) => line.split("\t")[0] ?? "");

test("verbs, their options and the environments are completed", () => {
  const verbs = complete("completion", "complete", "--", "st");
  assert.ok(verbs.includes("status"), verbs.join(" "));
  assert.ok(!verbs.includes("complete"), "the verb of the shells' own is no verb of a person's");
  assert.ok(complete("completion", "complete", "--", "status", "--").includes("--json"));
  const stacks = complete("completion", "complete", "--", "status", "--stack", "");
  assert.ok(stacks.includes("local") && stacks.includes("prod"), stacks.join(" "));
});

for (const shell of ["bash", "zsh", "fish"]) {
  const missing = spawnSync(shell, ["--version"]).error && `no ${shell} here`;
  test(`what ${shell} reads is a script of ${shell}'s`, { skip: missing }, () => {
    const text = complete("completion", shell).join("\n");
    assert.match(text, /grunnmur/);
    const read = spawnSync(shell, ["-n"], { input: text, encoding: "utf8" });
    assert.equal(read.status, 0, read.stderr);
  });
}
