import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { loadRules } from "../engine/load";
import { pages, pagesDirectory, stale, writePages } from "./pages";

const rules = loadRules();
const wanted = pages(rules);

test("docs/rules is what the rules say", () => {
  assert.deepEqual(stale(wanted), [], "run: npm run build && node dist/policies/docs/write.js");
});

test("the index has every rule, and every article leads to a rule and back", () => {
  const index = wanted.get("README.md") ?? "";
  for (const { id, articles } of rules) {
    assert.ok(index.includes(`[\`${id}\`](${id}.md)`), id);
    for (const article of articles) {
      const row = index.split("\n").find((line) => line.startsWith(`| Art. ${article} |`));
      assert.ok(row?.includes(`(${id}.md)`), `${article}: ${id}`);
    }
  }
});

test("every link leads somewhere", () => {
  for (const [name, text] of wanted) {
    for (const [, target = ""] of text.matchAll(/\]\((?!https?:)([^)#]+)\)/g)) {
      const at = join(dirname(join(pagesDirectory(), name)), target);
      assert.ok(wanted.has(target) || existsSync(at), `${name}: ${target}`);
    }
  }
});

test("no page promises what only people can decide", () => {
  for (const [name, text] of wanted) assert.doesNotMatch(text, /complian/i, name);
});

test("a page that was edited by hand, and one of a rule that is gone, are found and mended", () => {
  const directory = mkdtempSync(join(tmpdir(), "grunnmur-docs-"));
  try {
    writePages(wanted, directory);
    assert.deepEqual(stale(wanted, directory), []);
    writeFileSync(join(directory, "README.md"), "by hand");
    writeFileSync(join(directory, "gone.md"), "of a rule that is gone");
    assert.deepEqual(writePages(wanted, directory), ["README.md", "gone.md"]);
    assert.deepEqual(stale(wanted, directory), []);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
