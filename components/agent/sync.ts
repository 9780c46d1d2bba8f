import { agentNamespace, reconciler } from "./controllers";

export interface SyncArgs {
  /** Such as `ssh://git@10.20.0.10/srv/git/config.git`. */
  repository: string;
  branch: string;
  path: string;
  /** Time between two looks at the repository. */
  intervalSeconds: number;
  /** Time from the end of one look whether anything has drifted to the beginning of the next. */
  driftSeconds: number;
}

export const syncName = "flux-system";
export const deployKeySecret = "deploy-key";
/** What Secrets in Git are decrypted with. Not `sops-age`, as it was called at first: keys that were rotated out have stayed there. */
export const ageKeysSecret = "sops-keys";

/** What the agent pulls and applies: the repository, and the stack's path in it. */
export function syncObjects({ repository, branch, path, intervalSeconds, driftSeconds }: SyncArgs): object[] {
  const metadata = { name: syncName, namespace: agentNamespace };
  return [
    {
      apiVersion: "source.toolkit.fluxcd.io/v1",
      kind: "GitRepository",
      metadata,
      spec: {
        url: repository,
        ref: { branch },
        interval: `${intervalSeconds}s`,
        timeout: "60s",
        secretRef: { name: deployKeySecret },
      },
    },
    {
      apiVersion: "kustomize.toolkit.fluxcd.io/v1",
      kind: "Kustomization",
      metadata,
      spec: {
        sourceRef: { kind: "GitRepository", name: syncName },
        path,
        // A new commit is applied at once all the same. Flux counts from the end of one run to the beginning of the next, so
        // that runs never follow each other without a pause.
        interval: `${driftSeconds}s`,
        timeout: "5m",
        prune: true,
        // Not until all is healthy: that holds the next look back, and with it what undoes drift, as long as pods start.
        wait: false,
        serviceAccountName: reconciler,
        decryption: { provider: "sops", secretRef: { name: ageKeysSecret } },
      },
    },
  ];
}

/** The host, and port if it is not 22, as OpenSSH's known_hosts writes it. */
export function knownHost(repository: string, hostKey: string): string {
  const { hostname, port } = new URL(repository);
  const host = port === "" || port === "22" ? hostname : `[${hostname}]:${port}`;
  return `${host} ${hostKey}\n`;
}
