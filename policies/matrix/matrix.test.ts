import assert from "node:assert/strict";
import { test } from "node:test";
import { loadRules } from "../engine/load";
import { admission } from "./admission";
import { withPacks } from "./crossguard";
import { asTable, matrix, review, wrong } from "./matrix";

const TODAY = "2026-11-23";

test("every example has its verdict at every gate", { timeout: 300_000 }, async (t) => {
  const rules = loadRules();
  const { ask, notes } = await admission(rules);
  for (const note of notes) t.diagnostic(note);
  const rows = await withPacks(TODAY, (preview) =>
    matrix(rules, { crossguard: preview, check: review(TODAY), admission: ask }),
  );
  console.log(asTable(rows));
  assert.deepEqual(wrong(rows), []);
  for (const { id, gates } of rules) {
    const bad = rows.filter(({ rule, expected }) => rule === id && expected === "fail");
    for (const gate of gates) {
      const seen = bad.some(({ said }) => said[gate].some((word) => ["fail", "invalid", "?"].includes(word)));
      assert.ok(seen, `${id}: no example fails at ${gate}`);
    }
  }
});
