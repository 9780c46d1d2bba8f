/** What `grunnmur status --json` prints. Fields that cannot be known are `null`. */
export interface Report {
  stack: string;
  nodes: { name: string; role: string; ready: boolean; site: string; address: string }[];
  registry: {
    address: string | null;
    ready: boolean;
    /** Number of repositories. */
    images: number | null;
  };
  cluster: { version: string | null; ready: boolean };
  agent: {
    ready: boolean;
    /** Revision fetched from Git, such as `main@sha1:…`. */
    revision: string | null;
    /** Revision applied to the cluster; differs from `revision` while a change is under way. */
    lastApplied: string | null;
    /** True where the run has proven that the cluster's own key cannot push. */
    readOnlyKey: boolean;
  };
  workloads: { namespace: string; name: string; ready: number; desired: number; image: string }[];
}

/** The report of an environment that is not up. */
export const nothing = (stack: string): Report => ({
  stack,
  nodes: [],
  registry: { address: null, ready: false, images: null },
  cluster: { version: null, ready: false },
  agent: { ready: false, revision: null, lastApplied: null, readOnlyKey: false },
  workloads: [],
});

/** Everything that is not ready, in words; empty where all is. */
export function notReady(report: Report): string[] {
  const { nodes, registry, cluster, agent, workloads } = report;
  return [
    ...nodes.filter(({ ready }) => !ready).map(({ name }) => `node ${name} is not ready`),
    ...(nodes.length === 0 ? ["there are no nodes"] : []),
    ...(registry.ready ? [] : ["the registry does not answer"]),
    ...(cluster.ready ? [] : ["the cluster's API does not answer"]),
    ...(agent.ready ? [] : ["the sync agent is not ready"]),
    ...(agent.revision === agent.lastApplied ? [] : [`revision ${agent.revision} is not applied yet`]),
    ...(agent.readOnlyKey ? [] : ["the cluster's Git key is not proven to be read-only"]),
    ...workloads
      .filter(({ ready, desired }) => ready !== desired)
      .map(({ namespace, name, ready, desired }) => `${namespace}/${name} has ${ready} of ${desired} pods ready`),
  ];
}
