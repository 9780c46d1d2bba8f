import assert from "node:assert/strict";
import { test } from "node:test";
import { requirePulumiCanAsk, requireSomebody, unattended } from "./unattended";
import { UserError } from "./user-error";

test("--yes and CI mean that nobody is asked; CI=false and CI=0 do not", () => {
  assert.equal(unattended(true, {}), true);
  assert.equal(unattended(undefined, { CI: "true" }), true);
  assert.equal(unattended(undefined, { CI: "1" }), true);
  for (const CI of [undefined, "", "0", "false", "False"]) assert.equal(unattended(undefined, { CI }), false);
});

test("without a terminal and without --yes the error says what to add", () => {
  const ci = process.env.CI;
  delete process.env.CI;
  try {
    assert.throws(
      () => requireSomebody(undefined, "destroy local", { isTTY: false }),
      (error) => error instanceof UserError && /your yes to destroy local.*--yes/.test(error.message),
    );
    requireSomebody(undefined, "destroy local", { isTTY: true });
    requireSomebody(true, "destroy local", {});
  } finally {
    if (ci !== undefined) process.env.CI = ci;
  }
});

test("output that goes to a file or a pipe leaves Pulumi nowhere to ask", () => {
  assert.throws(
    () => requirePulumiCanAsk(undefined, { isTTY: false }, {}),
    /standard output is no terminal: add --yes/,
  );
  assert.throws(() => requirePulumiCanAsk(undefined, { isTTY: true }, { TERM: "dumb" }), /TERM is dumb: add --yes/);
  requirePulumiCanAsk(undefined, { isTTY: true }, { TERM: "xterm" });
  requirePulumiCanAsk(true, {}, {});
  requirePulumiCanAsk(undefined, {}, { CI: "true" });
});
