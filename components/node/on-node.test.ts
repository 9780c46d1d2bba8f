import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { asRoot } from "./on-node";

const script = `#!/bin/bash
# it's "quoted" \\ and $HOME
read -r given
printf '%s|%s|%s' "$given" "it's" '\\n'
exit 7
`;

test("root runs the script by bash, whatever the login shell is", () => {
  const { stdout, status } = spawnSync("sh", ["-c", asRoot({ sshUser: "root" }, script)], {
    input: "a secret\n",
    encoding: "utf8",
  });
  assert.deepEqual([stdout, status], ["a secret|it's|\\n", 7]);
});

test("anybody else runs it whole through sudo, with its input and exit code", () => {
  const folder = mkdtempSync(join(tmpdir(), "grunnmur-sudo-"));
  try {
    writeFileSync(join(folder, "sudo"), '#!/bin/sh\n[ "$1 $2" = "-n -H" ] || exit 99\nshift 2\nexec "$@"\n', {
      mode: 0o755,
    });
    const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
    const { stdout, status } = spawnSync("sh", ["-c", asRoot({ sshUser: "debian" }, script)], {
      env,
      input: "a secret\n",
      encoding: "utf8",
    });
    assert.deepEqual([stdout, status], ["a secret|it's|\\n", 7]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
