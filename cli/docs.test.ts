import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { artifactNames } from "../artifacts/store";
import { repositoryRoot } from "./places";
import { program } from "./program";

const read = (...path: string[]): string => readFileSync(join(repositoryRoot(), ...path), "utf8");

test("the documentation names every verb, artifact and configuration key", () => {
  const cli = read("docs", "cli.md");
  for (const command of program().commands) assert.ok(cli.includes(`| \`${command.name()}`), command.name());
  const artifacts = read("docs", "artifacts.md");
  for (const name of artifactNames()) assert.ok(artifacts.includes(`\`${name}\``), name);
  const configuration = read("docs", "configuration.md");
  for (const key of keysOf(JSON.parse(read("stacks", "stack.schema.json")))) {
    assert.ok(configuration.includes(`\`${key}\``), key);
  }
});

test("no link between the documents leads nowhere", () => {
  const docs = readdirSync(join(repositoryRoot(), "docs"), { recursive: true, encoding: "utf8" });
  const pages = ["README.md", ...docs.filter((name) => name.endsWith(".md")).map((name) => join("docs", name))];
  for (const page of pages) {
    for (const [, target = ""] of read(page).matchAll(/\]\((?!https?:)([^)#]+)/g)) {
      assert.ok(existsSync(join(repositoryRoot(), dirname(page), target)), `${page}: ${target}`);
    }
  }
});

/** Names of all keys below `config` in a JSON Schema, without their namespace. */
function keysOf(schema: unknown): string[] {
  if (typeof schema !== "object" || schema === null) return [];
  const { properties, ...rest } = schema as { properties?: object };
  const names = Object.keys(properties ?? {}).map((name) => name.replace(/^grunnmur:/, ""));
  const below = [...Object.values(properties ?? {}), ...Object.values(rest)].flatMap(keysOf);
  return [...new Set([...names, ...below])].filter((name) => !["config", "kind", "secure"].includes(name));
}
