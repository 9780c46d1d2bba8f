import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { configOf } from "./sops";

test("whom a file is encrypted for is said above the file, not above where one stands", () => {
  const root = mkdtempSync(join(tmpdir(), "grunnmur-sops-"));
  try {
    const [here, there] = [join(root, "grunnmur"), join(root, "config")];
    mkdirSync(join(there, "clusters/local"), { recursive: true });
    mkdirSync(here);
    assert.equal(configOf(["encrypt", "--in-place", "../config/clusters/local/a.yaml"], here), undefined);
    writeFileSync(join(there, ".sops.yaml"), "");
    assert.equal(
      configOf(["encrypt", "--in-place", "../config/clusters/local/a.yaml"], here),
      join(there, ".sops.yaml"),
    );
    assert.equal(configOf(["edit", join(there, "clusters/local/new.yaml")], here), join(there, ".sops.yaml"));
    assert.equal(configOf(["--version"], join(there, "clusters")), join(there, ".sops.yaml"));
    assert.equal(configOf(["--version"], here), undefined);
  } finally {
    rmSync(root, { recursive: true });
  }
});
