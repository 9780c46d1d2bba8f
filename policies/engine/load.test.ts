import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { loadRules, rulesDirectory } from "./load";

describe("loadRules", () => {
  const directory = mkdtempSync(join(tmpdir(), "rules-"));
  after(() => rmSync(directory, { recursive: true }));
  const rule = join(directory, "memory-limit.yaml");
  const cache = join(directory, "rules.json");
  copyFileSync(join(rulesDirectory(), "memory-limit.yaml"), rule);

  it("gives the same from the cache as from the files", () => {
    const parsed = loadRules(directory, cache);
    const kept = JSON.parse(readFileSync(cache, "utf8")) as { rules: unknown };
    assert.deepEqual(kept.rules, parsed);
    assert.deepEqual(loadRules(directory, cache), parsed);
  });

  it("reads the cache, not the schema, while the files are the same", () => {
    const kept = JSON.parse(readFileSync(cache, "utf8")) as { rules: { title: string }[] };
    for (const one of kept.rules) one.title = "from the cache";
    writeFileSync(cache, JSON.stringify(kept));
    assert.equal(loadRules(directory, cache)[0]?.title, "from the cache");
  });

  it("parses again when a file has changed", () => {
    writeFileSync(rule, readFileSync(rule, "utf8").replace(/^title: .*/m, "title: Changed"));
    assert.equal(loadRules(directory, cache)[0]?.title, "Changed");
  });

  it("parses again when the cache is damaged, and says what is wrong with a rule", () => {
    writeFileSync(cache, "{");
    assert.equal(loadRules(directory, cache)[0]?.title, "Changed");
    writeFileSync(rule, `${readFileSync(rule, "utf8")}\nsurprise: 1\n`);
    assert.throws(
      () => loadRules(directory, cache),
      /memory-limit\.yaml is not a rule:\n {2}- the rule: Unrecognized key: "surprise"/,
    );
  });
});
