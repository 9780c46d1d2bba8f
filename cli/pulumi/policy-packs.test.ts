import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { policyPacks } from "./policy-packs";
import { stateFacts } from "./state-facts";

test("nothing is run without both packs", () => {
  const root = mkdtempSync(join(tmpdir(), "packs-"));
  try {
    const compile = (name: string): void => {
      mkdirSync(join(root, "dist", "policies", name), { recursive: true });
      writeFileSync(join(root, "dist", "policies", name, "index.js"), "");
    };
    compile("gdpr-data-locality");
    assert.throws(() => policyPacks(root), /resource-limits is not compiled/);
    compile("resource-limits");
    assert.deepEqual(policyPacks(root), [
      join(root, "policies", "gdpr-data-locality"),
      join(root, "policies", "resource-limits"),
    ]);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

test("the rules learn where the state is, and no credential of it", () => {
  const at = (url: string) => stateFacts("local", { PULUMI_BACKEND_URL: url });
  assert.deepEqual(at("postgres://user:hunter2@10.0.0.5/state"), {
    backend: "postgres://10.0.0.5/state",
    secretsProvider: "passphrase",
  });
  assert.equal(at("https://api.example.com").secretsProvider, "service");
  assert.match(stateFacts("local", {}).backend, /^file:\/\//);
});
