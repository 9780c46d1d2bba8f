import assert from "node:assert/strict";
import { test } from "node:test";
import { failed } from "./converge";

const failures = [{ stage: "", resource: "platform", message: "cluster.name cannot be changed" }];

test("a refused change does not speak of going on", () => {
  const text = failed("prod", { failures, code: 1, refused: true });
  assert.match(text, /cluster\.name cannot be changed\nNothing was changed\.$/);
  assert.doesNotMatch(text, /continues from here|not up/);
});

test("a run that broke off says how it is gone on with", () => {
  for (const code of [1, 130]) {
    assert.match(
      failed("prod", { failures, code, refused: false }),
      /\.\/grunnmur up --stack prod continues from here/,
    );
  }
});
