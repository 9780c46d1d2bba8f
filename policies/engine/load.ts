import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Rule } from "./rule";

/** `policies/rules`, also when this runs from the compiled tree, which has no YAML in it. */
export function rulesDirectory(from = __dirname): string {
  const beside = join(from, "..", "rules");
  if (existsSync(join(beside, "README.md"))) return beside;
  return join(from, "..", "..", "..", "policies", "rules");
}

/**
 * All rules, by id. In the compiled tree the parsed rules are kept beside this file, under the digest of what they
 * were parsed from: checking forty files against the schema takes longer than everything else a policy pack does.
 * @throws RuleError (`parse.ts`)
 */
export function loadRules(directory = rulesDirectory(), cache = defaultCache()): Rule[] {
  const files = readdirSync(directory)
    .filter((name) => name.endsWith(".yaml"))
    .sort()
    .map((name) => ({ file: join(directory, name), text: readFileSync(join(directory, name), "utf8") }));
  if (cache === undefined) return parseAll(files);
  const key = digest(files);
  const kept = readCache(cache, key);
  if (kept) return kept;
  const rules = parseAll(files);
  writeCache(cache, { key, rules });
  return rules;
}

interface Source {
  file: string;
  text: string;
}

function parseAll(files: readonly Source[]): Rule[] {
  // Loaded only here: the schema library and the YAML reader are not needed where the parsed rules are kept.
  const { parseRule } = require("./parse") as typeof import("./parse");
  return files.map(({ file, text }) => parseRule(text, file));
}

/** Beside the compiled file; none when running from source, where the schema itself may be being edited. */
function defaultCache(): string | undefined {
  return __filename.endsWith(".js") ? join(__dirname, "rules.json") : undefined;
}

/** Of the rule files, and of the schema that they were checked by. */
function digest(files: readonly Source[]): string {
  const hash = createHash("sha256");
  for (const name of ["rule.js", "parse.js"]) {
    const schema = join(__dirname, name);
    if (existsSync(schema)) hash.update(readFileSync(schema));
  }
  for (const { file, text } of files) hash.update(`\n${file}\n${text.length}\n`).update(text);
  return hash.digest("hex");
}

function readCache(path: string, key: string): Rule[] | undefined {
  try {
    const kept = JSON.parse(readFileSync(path, "utf8")) as { key: string; rules: Rule[] };
    return kept.key === key ? kept.rules : undefined;
  } catch {
    return undefined;
  }
}

/** A tree that cannot be written to is only slower. */
function writeCache(path: string, content: { key: string; rules: Rule[] }): void {
  const partial = `${path}.partial-${process.pid}`;
  try {
    writeFileSync(partial, JSON.stringify(content));
    renameSync(partial, path);
  } catch {
    // Nothing to undo: the next run parses again.
  }
}
