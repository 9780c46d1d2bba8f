import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { withPrivateDir } from "./private-dir";

/** Runs `work` with the environment in which kubectl finds a kubeconfig; it lies in memory, and only so long. */
export function withKubeconfig<T>(
  kubeconfig: string,
  work: (environment: NodeJS.ProcessEnv) => Promise<T>,
): Promise<T> {
  return withPrivateDir((directory) => {
    const file = join(directory, "kubeconfig");
    writeFileSync(file, kubeconfig, { mode: 0o600 });
    return work({ ...process.env, KUBECONFIG: file, KUBECACHEDIR: join(directory, "cache") });
  });
}
