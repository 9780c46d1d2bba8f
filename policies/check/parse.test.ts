import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "./parse";

const readAs = (text: string): unknown => {
  const parsed = parse({ file: "a.yaml", text: `a: ${text}`, firstLine: 1 });
  return "values" in parsed ? (parsed.values[0] as { a: unknown }).a : parsed;
};

test("plain scalars are read as kubectl reads them", () => {
  const read = ["yes", "NO", "0777", "1_000", "1:30", "1:30:00", "2026-11-23", "1e3", '"0777"'].map(readAs);
  assert.deepEqual(read, [true, false, 511, 1000, "1:30", "1:30:00", "2026-11-23", 1000, "0777"]);
});

test("tags of programs and of bytes are refused", () => {
  for (const text of ["!!binary aGk=", "!!set {x}", "!!js/function x", "!Ref x"]) {
    assert.ok("unread" in (readAs(text) as object), text);
  }
});
