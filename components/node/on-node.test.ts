import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { asRoot, onNode } from "./on-node";

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

test("what others may change is asked in every run, and no preview calls that a change", async () => {
  for (const preview of [true, false]) {
    const seen: { update?: string; create?: string; ignored?: string[] } = {};
    await pulumi.runtime.setMocks(
      {
        newResource: ({ name, inputs }) => {
          Object.assign(seen, { update: inputs.update, create: inputs.create });
          return { id: name, state: inputs };
        },
        call: () => ({}),
      },
      "grunnmur",
      "local",
      preview,
    );
    const host = { sshUser: "root", connection: { host: "10.20.0.11" }, machine: "m1" };
    const what = { script: "agent/scripts/prove-read-only.sh", always: true };
    const watch: pulumi.ResourceTransformation = ({ opts }) => {
      seen.ignored = (opts as pulumi.CustomResourceOptions).ignoreChanges;
      return undefined;
    };
    await new Promise((resolve) =>
      onNode("proof", host, what, { ignoreChanges: ["stdin"], transformations: [watch] }).urn.apply(resolve),
    );
    assert.match(seen.update ?? "", /^# 20\d\d-/);
    assert.ok(seen.update?.endsWith(seen.create ?? "nothing"));
    assert.deepEqual(seen.ignored, preview ? ["stdin", "update"] : ["stdin"]);
  }
});
