import assert from "node:assert/strict";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { colours } from "./colour";
import { duration } from "./duration";
import { hanging, table } from "./table";

test("columns are as wide as their widest cell, colours have no width, figures stand right", () => {
  const red = colours({ isTTY: true }, { TERM: "xterm" }).red("ab");
  assert.deepEqual(
    table(
      ["name", "s"],
      [
        [red, "1"],
        ["c", "100"],
      ],
      { right: ["s"] },
    ),
    ["name    s", `${red}      1`, "c     100"],
  );
});

test("on a narrow terminal a row's last cell goes on under itself, or below where it has no room", () => {
  const red = colours({ isTTY: true }, { TERM: "xterm" }).red("wrong");
  const rows = [["node", red, "one of its units has failed, and that is why nothing else works"]];
  assert.deepEqual(table(["part", "", "found"], rows, { columns: 44 }).join("\n").split("\n"), [
    "part         found",
    `node  ${red}  one of its units has failed,`,
    "             and that is why nothing else",
    "             works",
  ]);
  for (const columns of [44, 30, 20])
    for (const line of table(["part", "", "found"], rows, { columns }).join("\n").split("\n"))
      assert.ok(stripVTControlCharacters(line).length <= columns, line);
  assert.match(table(["part", "", "found"], rows, { columns: 30 })[1] ?? "", /^node .*\n {4}one of its/);
  assert.equal(table(["part", "", "found"], rows).length, 2);
});

test("a word that is longer than the line is broken, and off a terminal nothing is", () => {
  assert.equal(hanging("a".repeat(30), 4, 24), `    ${"a".repeat(20)}\n    ${"a".repeat(10)}`);
  assert.equal(hanging("a b", 2), "  a b");
});

test("nothing is coloured off a terminal or under NO_COLOR", () => {
  assert.equal(colours({}, {}).red("x"), "x");
  assert.equal(colours({ isTTY: true }, { NO_COLOR: "1" }).red("x"), "x");
  assert.notEqual(colours({ isTTY: true }, { TERM: "xterm" }).red("x"), "x");
});

test("durations are said as a person says them", () => {
  assert.deepEqual([4.21, 75.4, 664].map(duration), ["4.2 s", "75 s", "11 min 04 s"]);
});
