import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { exportLines } from "./exports";

test("a shell that evaluates the lines gets the very values", () => {
  const values = { A: "plain", B: 'it\'s $HOME `id` "x"\\', C: "two\nlines" };
  const script = `${exportLines(values)}printf '%s|' "$A" "$B" "$C"`;
  const shell = { env: { HOME: "/nowhere", PATH: process.env.PATH } };
  assert.equal(execFileSync("sh", ["-c", script], shell).toString(), 'plain|it\'s $HOME `id` "x"\\|two\nlines|');
});
