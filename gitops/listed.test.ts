import assert from "node:assert/strict";
import { test } from "node:test";
import { withResource } from "./listed";

const ADDED: Record<string, [string, string]> = {
  "a list with comments": [
    "# top\nresources:\n    - a.yaml # first\n\n    - b # second\n# below\nimages: []\n",
    "# top\nresources:\n    - a.yaml # first\n\n    - b # second\n    - shop\n# below\nimages: []\n",
  ],
  "the end of a file without a newline": ["resources:\n- a", "resources:\n- a\n- shop"],
  "a list in brackets": ["resources: [a, 'b'] # c\n", "resources: [a, 'b', shop] # c\n"],
  "lines that end in CR LF": ["resources:\r\n  - a\r\nx: 1\r\n", "resources:\r\n  - a\r\n  - shop\r\nx: 1\r\n"],
};

for (const [what, [before, after]] of Object.entries(ADDED)) {
  test(`a resource is added to ${what}, once`, () => {
    assert.equal(withResource(before, "shop"), after);
    assert.equal(withResource(after, "shop"), after);
  });
}

test("the same directory written in another way is listed already", () => {
  for (const entry of ["./shop", "shop/", '"shop"']) {
    const text = `resources:\n  - ${entry}\n`;
    assert.equal(withResource(text, "shop"), text);
  }
});

test("what cannot be added to is refused, not guessed at", () => {
  for (const text of ["", "- a\n", "resources:\n", "resources: []\n", "kind: X\n", "a: [", "{ resources: }"])
    assert.throws(() => withResource(text, "shop"), /its resources are no plain list|no YAML map/, text);
});
