import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Runs `work` with a virsh on PATH that is a shell script of the test's: its arguments are what virsh was asked. */
export function withVirsh<T>(script: string, work: () => T): T {
  const folder = mkdtempSync(join(tmpdir(), "grunnmur-virsh-"));
  const path = process.env.PATH;
  try {
    writeFileSync(join(folder, "virsh"), `#!/bin/bash\n${script}`, { mode: 0o755 });
    process.env.PATH = `${folder}:${path}`;
    return work();
  } finally {
    process.env.PATH = path;
    rmSync(folder, { recursive: true });
  }
}
