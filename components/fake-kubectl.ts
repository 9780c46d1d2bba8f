import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type File, payload } from "./payload";
import { script } from "./script";

/** What a script is run with. */
export interface Given {
  files?: File[];
  environment?: Record<string, string>;
  /** Names of control planes; one by default. */
  controlPlanes?: string[];
  /** Each is gone after the first look. */
  answersOnce?: boolean;
}

/**
 * Runs a script behind api.sh, beside a kubectl whose body is `kubectl`, for tests; `sleep` does not wait. A control plane
 * that has a file `off-NAME` in `$folder` does not answer.
 */
export async function withKubectl(path: string, kubectl: string, given: Given = {}) {
  const { files = [], environment, controlPlanes = ["control-1"], answersOnce } = given;
  const folder = mkdtempSync(join(tmpdir(), "kubectl-"));
  const head = `#!/bin/bash
folder=${folder}
if [ "$1" = --context ]; then context=$2; shift 2; fi
case "$*" in
  "config get-contexts -o name") printf '%s\\n' ${controlPlanes.join(" ")}; exit ;;
  *"--raw /readyz"*) [ ! -e "$folder/off-$context" ] || exit 1
    ${answersOnce ? 'touch "$folder/off-$context"' : ":"}; exit ;;
esac
`;
  try {
    writeFileSync(join(folder, "kubectl"), `${head}${kubectl}\n`, { mode: 0o755 });
    writeFileSync(join(folder, "sleep"), "#!/bin/sh\nexec /bin/sleep 0.05\n", { mode: 0o755 });
    const env = {
      ...process.env,
      PATH: `${folder}:${process.env.PATH}`,
      KUBECTL: join(folder, "kubectl"),
      PATIENCE: "1",
      ...environment,
    };
    const text = script("cluster/scripts/api.sh") + script(path);
    return spawnSync("bash", ["--norc", "-c", text], { env, input: await payload(files), encoding: "utf8" });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
