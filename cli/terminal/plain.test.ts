import assert from "node:assert/strict";
import { test } from "node:test";
import { plain } from "./plain";

test("what somebody else wrote moves no cursor, turns no direction and stays on its line", () => {
  assert.equal(plain("a\n  b\tc"), "a b c");
  assert.equal(plain("\u001b[2Jgone \u202eevil\u0007"), "\ufffd[2Jgone \ufffdevil\ufffd");
  assert.equal(plain("x".repeat(20), 10), `${"x".repeat(9)}…`);
});
