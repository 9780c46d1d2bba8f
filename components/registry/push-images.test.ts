import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { payload } from "../payload";
import { script } from "../script";

// Gives the digest of what the registry holds, and notes what is pushed.
const CRANE = `#!/bin/bash
case "$1 $2" in
  "catalog registry:443") ;;
  "digest registry:443/mirror/kept:1") echo sha256:kept ;;
  "digest registry:443/mirror/older:1") echo sha256:before ;;
  "digest registry:443/mirror/none:1") exit 1 ;;
  push*) echo "$2 $3" >>"$LOG" ;;
  *) exit 2 ;;
esac
`;

test("a registry that has images already, as on a data disk, is sent only those that it lacks", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "grunnmur-push-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const crane = join(folder, "crane");
  const log = join(folder, "log");
  writeFileSync(crane, CRANE, { mode: 0o755 });
  const push = async (...names: string[]) => {
    const images = names.map((name) => `/store/${name}.tar mirror/${name}:1 sha256:${name}\n`).join("");
    const { status, stderr } = spawnSync("bash", ["-c", script("registry/scripts/push-images.sh")], {
      env: { PATH: process.env.PATH, CRANE: crane, REGISTRY: "registry:443", LOG: log },
      input: await payload([{ path: "images", content: images }]),
      encoding: "utf8",
    });
    assert.equal(status, 0, stderr);
  };
  await push("kept");
  assert.ok(!existsSync(log));
  await push("kept", "older", "none");
  assert.equal(
    readFileSync(log, "utf8"),
    "/store/older.tar registry:443/mirror/older:1\n/store/none.tar registry:443/mirror/none:1\n",
  );
});
