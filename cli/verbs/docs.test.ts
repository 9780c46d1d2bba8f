import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { artifactNames } from "../../artifacts/store";
import { repositoryPath } from "../../lib/places";
import { siteRegister } from "../../stacks/sites";
import { program } from "../program";

const read = (...path: string[]): string => readFileSync(repositoryPath(...path), "utf8");

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
  const docs = readdirSync(repositoryPath("docs"), { recursive: true, encoding: "utf8" });
  const pages = ["README.md", ...docs.filter((name) => name.endsWith(".md")).map((name) => join("docs", name))];
  for (const page of pages) {
    for (const [, target = ""] of read(page).matchAll(/\]\((?!https?:)([^)#]+)/g)) {
      assert.ok(existsSync(repositoryPath(dirname(page), target)), `${page}: ${target}`);
    }
  }
});

test("each kind of a section is documented with all its keys, and every known site by name", () => {
  const configuration = read("docs", "configuration.md");
  const kinds = kindsOf(JSON.parse(read("stacks", "stack.schema.json")));
  assert.ok(kinds.length >= 6, `saw only ${kinds.length} kinds`);
  for (const { kind, keys } of kinds) {
    const from = configuration.slice(configuration.indexOf(`**\`kind: ${kind}\`**`));
    const section = from.slice(0, from.slice(1).search(/\n(\*\*`kind|## )/) + 1);
    for (const key of keys) assert.ok(section.includes(`\`${key}\``), `${kind}: ${key}`);
  }
  for (const site of siteRegister([]).keys()) assert.ok(configuration.includes(`\`${site}\``), site);
});

/** Every member of a union in a JSON Schema: its kind and its other keys. */
function kindsOf(schema: unknown): { kind: string; keys: string[] }[] {
  if (typeof schema !== "object" || schema === null) return [];
  const { properties } = schema as { properties?: { kind?: { const?: string } } };
  const kind = properties?.kind?.const;
  const own = kind ? [{ kind, keys: Object.keys(properties ?? {}).filter((key) => key !== "kind") }] : [];
  return [...own, ...Object.values(schema).flatMap(kindsOf)];
}

/** Names of all keys below `config` in a JSON Schema, without their namespace. */
function keysOf(schema: unknown): string[] {
  if (typeof schema !== "object" || schema === null) return [];
  const { properties, ...rest } = schema as { properties?: object };
  const names = Object.keys(properties ?? {}).map((name) => name.replace(/^grunnmur:/, ""));
  const below = [...Object.values(properties ?? {}), ...Object.values(rest)].flatMap(keysOf);
  return [...new Set([...names, ...below])].filter((name) => !["config", "kind", "secure"].includes(name));
}
