import type { Change } from "../change/change";

/** What somebody has to know of, as the platform's own rules have it. */
export interface Alert {
  name: string;
  severity: "critical" | "warning";
  /** ISO 8601. */
  since: string;
  summary: string;
  remedy: string;
}

/** What `grunnmur status --json` prints. Fields that cannot be known are `null`. */
export interface Report {
  stack: string;
  nodes: {
    name: string;
    role: string;
    ready: boolean;
    site: string;
    address: string;
    /** Versions of what runs there; of the cluster's nodes. */
    kubelet: string | null;
    kernel: string | null;
    /** What its disk was made from; `debian` is the day of its packages, ISO 8601. Of guests. */
    image: { key: string; debian?: string } | null;
    /** True where they are enforced, false where new connections of pods wait for that; of the cluster's nodes. */
    networkPolicies: boolean | null;
    /** False where it was told to take no new pods, as `kubectl cordon` does; of the cluster's nodes. */
    takesPods: boolean | null;
  }[];
  registry: {
    address: string | null;
    ready: boolean;
    /** Number of repositories. */
    images: number | null;
  };
  cluster: { version: string | null; ready: boolean };
  /** The way in from outside; null where the stack has none. */
  ingress: {
    hosts: string[];
    /** Of the workers, at which the hosts answer. */
    addresses: string[];
    /** On how many of them somebody does. */
    answering: number | null;
    /** Those for which the ACME server has given no certificate yet. */
    awaited: string[];
  } | null;
  /** What Prometheus tells; null where the stack has no monitoring. */
  monitoring: {
    /** What fires, the worst first; null where Prometheus did not answer. */
    alerts: Alert[] | null;
  } | null;
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
  /** How far what is in Git has come; null where that was not asked. */
  change: Change | null;
  /** Credentials whose rotation is not finished: the old one is taken, too. */
  rotating: string[];
  /** When what the environment is reached by ends, the next first; ISO 8601. */
  certificates: { of: string; ends: string }[];
  /**
   * Parts that did not answer: `registry`, `cluster`, `nodes`, `agent`, `workloads`, `images`, `monitoring`, or `node NAME` for its SSH.
   * `slow`: the answer may still come, and nothing is known of the part. `dead`: nobody is there. `refused`: not to us.
   */
  unanswered: {
    part: string;
    state: "slow" | "dead" | "refused";
    detail: string;
    lastAnswer: { at: string; what: string } | null;
  }[];
  /** About how many seconds `up` takes from nothing on this machine; null where the stack file cannot be read. */
  expectedUpSeconds: number | null;
}

/** The report of an environment that is not up. */
export const nothing = (stack: string): Report => ({
  stack,
  nodes: [],
  registry: { address: null, ready: false, images: null },
  cluster: { version: null, ready: false },
  ingress: null,
  monitoring: null,
  agent: { ready: false, revision: null, lastApplied: null, readOnlyKey: false },
  workloads: [],
  change: null,
  rotating: [],
  certificates: [],
  unanswered: [],
  expectedUpSeconds: null,
});

/** Everything that is known not to be ready, in words. What is slow to answer is none of it. */
export function notReady(report: Report): string[] {
  const { nodes, registry, cluster, ingress, monitoring, agent, workloads, change } = report;
  const slow = slowParts(report);
  return [
    ...nodes.filter((node) => !node.ready && !isUnknown(report, node)).map(({ name }) => `node ${name} is not ready`),
    ...nodes
      .filter(({ ready, networkPolicies }) => ready && networkPolicies === false)
      .map(({ name }) => `new connections of pods on ${name} wait: its agent of network policies is not ready`),
    ...(nodes.length === 0 ? ["there are no nodes"] : []),
    ...(registry.ready || slow.has("registry") ? [] : ["the registry does not answer"]),
    ...(cluster.ready || slow.has("cluster") ? [] : ["the cluster's API does not answer"]),
    ...(ingress && ingress.answering !== null && ingress.answering < ingress.addresses.length
      ? [`the ingress answers on ${ingress.answering} of ${ingress.addresses.length} workers`]
      : []),
    ...(ingress?.awaited ?? []).map((host) => `${host} has no certificate of the ACME server's`),
    ...(monitoring && !monitoring.alerts && !slow.has("monitoring") && !slow.has("cluster")
      ? ["Prometheus does not answer"]
      : []),
    ...(agent.ready || slow.has("agent") ? [] : ["the sync agent is not ready"]),
    ...(agent.revision === agent.lastApplied || slow.has("agent")
      ? []
      : [`revision ${agent.revision} is not applied yet`]),
    ...(change?.state === "stopped" ? ["what is in Git is not live as a whole"] : []),
    ...(agent.readOnlyKey ? [] : ["the cluster's Git key is not proven to be read-only"]),
    ...workloads
      .filter(({ ready, desired }) => ready !== desired)
      .map(({ namespace, name, ready, desired }) => `${namespace}/${name} has ${ready} of ${desired} pods ready`),
  ];
}

export function slowParts({ unanswered }: Report): Set<string> {
  return new Set(unanswered.filter(({ state }) => state === "slow").map(({ part }) => part));
}

/** True where what tells of the node is slow to answer, and nothing says that the node is dead. */
export function isUnknown(report: Report, { name, role }: Report["nodes"][number]): boolean {
  const dead = report.unanswered.some(({ part, state }) => part === `node ${name}` && state === "dead");
  return !dead && slowParts(report).has(role === "registry" ? "registry" : "nodes");
}

/** 0: all is ready; 1: something is not; 3: nothing is known not to be, and something was slow to answer. */
export function exitCode(report: Report): 0 | 1 | 3 {
  if (notReady(report).length > 0) return 1;
  return report.unanswered.some(({ part, state }) => state === "slow" && !part.startsWith("node ")) ? 3 : 0;
}

/** What a command about it has to be told, with the space before it; `local` is where they look by themselves. */
export const optionOf = ({ stack }: Pick<Report, "stack">): string => (stack === "local" ? "" : ` --stack ${stack}`);
