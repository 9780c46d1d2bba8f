import assert from "node:assert/strict";
import { test } from "node:test";
import { colours } from "./colour";
import { duration } from "./duration";
import { table } from "./table";

test("columns are as wide as their widest cell, colours have no width, figures stand right", () => {
  const red = colours({ isTTY: true }, { TERM: "xterm" }).red("ab");
  assert.deepEqual(
    table(
      ["name", "s"],
      [
        [red, "1"],
        ["c", "100"],
      ],
      ["s"],
    ),
    ["name    s", `${red}      1`, "c     100"],
  );
});

test("nothing is coloured off a terminal or under NO_COLOR", () => {
  assert.equal(colours({}, {}).red("x"), "x");
  assert.equal(colours({ isTTY: true }, { NO_COLOR: "1" }).red("x"), "x");
  assert.notEqual(colours({ isTTY: true }, { TERM: "xterm" }).red("x"), "x");
});

test("durations are said as a person says them", () => {
  assert.deepEqual([4.21, 75.4, 664].map(duration), ["4.2 s", "75 s", "11 min 04 s"]);
});
