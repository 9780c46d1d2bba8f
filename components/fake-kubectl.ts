import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { script } from "./script";

/** Runs a script beside a kubectl whose body is `kubectl`, for tests; `sleep` does not wait. */
export function withKubectl(path: string, kubectl: string, input: string) {
  const folder = mkdtempSync(join(tmpdir(), "kubectl-"));
  try {
    writeFileSync(join(folder, "kubectl"), `#!/bin/bash\nfolder=${folder}\n${kubectl}\n`, { mode: 0o755 });
    writeFileSync(join(folder, "sleep"), "#!/bin/sh\nexec /bin/sleep 0.05\n", { mode: 0o755 });
    const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
    return spawnSync("bash", ["-c", script(path)], { env, input, encoding: "utf8" });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
