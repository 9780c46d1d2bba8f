import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { UserError } from "../terminal/user-error";
import { knownStacks, readStack, requireStackFile, runsHere, stackFilePath, withoutSalt } from "./stack-file";

test("the salt that Pulumi adds is left out, and nothing else", () => {
  const text = "# why\nconfig:\n  grunnmur:environment: development # here\n";
  assert.equal(withoutSalt(`${text}encryptionsalt: v1:a=:v1:b:c==\n`), text);
  assert.equal(withoutSalt(`encryptionsalt: v1:a=:v1:b:c==\n${text}`), text);
  assert.equal(withoutSalt(text), text);
});

test("a file with encrypted values keeps the salt they are read with", () => {
  const text = "encryptionsalt: v1:a\nconfig:\n  grunnmur:gitHostToken:\n    secure: v1:x\n";
  assert.equal(withoutSalt(text), text);
  const flow = 'encryptionsalt: v1:a\nconfig:\n  grunnmur:gitHostToken: { secure: "v1:x" }\n';
  assert.equal(withoutSalt(flow), flow);
});

test("a file whose name no environment can have is not told to be missing", () => {
  const file = stackFilePath("My_Stack");
  writeFileSync(file, "config:\n");
  try {
    assert.throws(() => requireStackFile("My_Stack"), /Pulumi\.My_Stack\.yaml has a name that no environment can have/);
  } finally {
    rmSync(file);
  }
});

test("an environment without a file is refused with the names of those that have one", () => {
  for (const stack of ["local", "prod"]) assert.ok(knownStacks().includes(stack));
  assert.throws(
    () => requireStackFile("lokal"),
    (error) => error instanceof UserError && /"lokal".*Known: .*local/.test(error.message),
  );
  // A name is never a path.
  assert.throws(() => requireStackFile("../x"), UserError);
});

test("the committed stack files are valid; only local runs here", () => {
  assert.equal(runsHere(readStack("local")), true);
  assert.equal(runsHere(readStack("prod")), false);
});
