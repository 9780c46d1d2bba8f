import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { runningGuests } from "./running";

let folder = "";
const path = process.env.PATH;

before(() => {
  folder = mkdtempSync(join(tmpdir(), "grunnmur-virsh-"));
  const virsh = join(folder, "virsh");
  writeFileSync(
    virsh,
    `#!/bin/bash
case "$*" in
  *first*) printf 'registry-1\\nworker-1\\n\\n' ;;
  *empty*) echo ;;
  *) echo "cannot connect" >&2; exit 1 ;;
esac
`,
  );
  chmodSync(virsh, 0o755);
  process.env.PATH = `${folder}:${path}`;
});
after(() => {
  process.env.PATH = path;
  rmSync(folder, { recursive: true });
});

test("each hypervisor says which guests run; one that does not answer is left out and not taken for empty", () => {
  const asked = ["gone", "first", "empty"].map((name) => ({ name, uri: `test:///${name}` }));
  assert.deepEqual(
    runningGuests(asked),
    new Map([
      ["first", new Set(["registry-1", "worker-1"])],
      ["empty", new Set<string>()],
    ]),
  );
});

test("nobody is asked where there is nobody", () => assert.deepEqual(runningGuests([]), new Map()));
