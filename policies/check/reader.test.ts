import assert from "node:assert/strict";
import { test } from "node:test";
import { ReaderError, readerAt } from "./reader";

const asked = { root: "/", paths: [] };

for (const [what, program] of [
  ["is not there", "/nonexistent/reader"],
  ["fails", "/bin/false"],
  ["says nothing", "/bin/true"],
] as const) {
  test(`a reader that ${what} is an error, and no clean check`, () => {
    assert.throws(() => readerAt(program).read(asked), ReaderError);
  });
}
