import { ofAgent } from "../change/agent";
import type { Finding } from "../change/cause";
import type { Seen } from "../change/change";
import { type Lease, ofLeaders } from "../change/leaders";
import {
  condition,
  type Deployment,
  type Described,
  type Event,
  type GitRepository,
  isReady,
  isSystem,
  type Kustomization,
  type List,
  type Pod,
} from "../change/observed";
import { type Owner, ofPresentRevision, ofWorkloads, unsettled } from "../change/workloads";
import { plain } from "../terminal/plain";
import type { KubeApi } from "./kube-api";
import type { Look, NoAnswer } from "./look";
import { type NodeList, type NodeRuns, nodeRuns } from "./nodes";
import type { Report } from "./report";

/** What the cluster's API server tells: of nodes by their names, the agent and the workloads. */
export interface ClusterState {
  version: string | null;
  ready: boolean;
  nodes: Map<string, NodeRuns>;
  /** Names of the nodes whose agent of network policies is ready; null where the pods are not known. */
  policed: Set<string> | null;
  /** The same, of those that take in what comes from outside. */
  answering: Set<string> | null;
  agent: { ready: boolean; revision: string | null; lastApplied: string | null };
  workloads: Report["workloads"];
  /** What is known of the way from Git to the pods; absent where the agent or the pods did not answer. */
  seen?: Seen;
  /** What is wrong with the platform's own pods. */
  platform: Finding[];
  /** Parts that did not answer, the others all the same. */
  unanswered: { [part in ClusterPart]?: NoAnswer };
}

type ClusterPart = "cluster" | "nodes" | "agent" | "workloads" | "images";

export const UNREACHABLE: ClusterState = {
  version: null,
  ready: false,
  nodes: new Map(),
  policed: null,
  answering: null,
  agent: { ready: false, revision: null, lastApplied: null },
  workloads: [],
  platform: [],
  unanswered: {},
};

const FLUX = "namespaces/flux-system";

/** Asks the API server, all questions at once: one that is late hides no other's answer. */
export async function clusterState(read: KubeApi): Promise<ClusterState> {
  const looks = await Promise.all([
    read<{ gitVersion: string }>("/version"),
    read<NodeList>("/api/v1/nodes"),
    read<List<Deployment>>("/apis/apps/v1/deployments"),
    read<List<Pod>>("/api/v1/pods"),
    read<GitRepository>(`/apis/source.toolkit.fluxcd.io/v1/${FLUX}/gitrepositories/flux-system`),
    read<Kustomization>(`/apis/kustomize.toolkit.fluxcd.io/v1/${FLUX}/kustomizations/flux-system`),
    read<List<Described>>("/apis/apps/v1/statefulsets"),
    read<List<Described>>("/apis/apps/v1/daemonsets"),
    read<List<Described>>("/apis/batch/v1/jobs"),
    read<List<Lease>>("/apis/coordination.k8s.io/v1/namespaces/kube-system/leases"),
  ]);
  const [version, nodes, deployments, pods, source, kustomization] = [
    value(looks[0]),
    value(looks[1]),
    value(looks[2]),
    value(looks[3]),
    value(looks[4]),
    value(looks[5]),
  ];
  const parts = [
    "cluster",
    "nodes",
    "workloads",
    "images",
    "agent",
    "agent",
    "workloads",
    "workloads",
    "workloads",
    "cluster",
  ] as const;
  const owners = [
    ...ofKind("Deployment", deployments),
    ...ofKind("StatefulSet", value(looks[6])),
    ...ofKind("DaemonSet", value(looks[7])),
    ...ofKind("Job", value(looks[8])),
  ];
  const silent = parts.flatMap((part, index) => {
    const found = looks[index];
    return found && found.state !== "answered" ? [[part, found] as const] : [];
  });
  const own = (deployments?.items ?? []).filter(({ metadata }) => !isSystem(metadata.namespace ?? ""));
  return {
    version: version?.gitVersion ?? null,
    ready: version !== undefined,
    nodes: nodeRuns(nodes ?? { items: [] }),
    policed: pods ? nodesWith("network-policies", pods.items) : null,
    answering: pods ? nodesWith("ingress", pods.items) : null,
    agent: {
      ready: isReady(source) && (isReady(kustomization) || looksForDrift(source, kustomization)),
      revision: source?.status?.artifact?.revision ?? null,
      lastApplied: kustomization?.status?.lastAppliedRevision ?? null,
    },
    workloads: own.map((deployment) => workload(deployment, pods?.items ?? [])),
    ...(pods
      ? await explained(read, { source, kustomization, owners, pods: pods.items, leases: value(looks[9])?.items ?? [] })
      : { platform: [] }),
    unanswered: Object.fromEntries(silent),
  };
}

interface Parts {
  source: GitRepository | undefined;
  kustomization: Kustomization | undefined;
  owners: Owner[];
  pods: Pod[];
  leases: Lease[];
}

const LOG_LINES = 5;
const LOG_BYTES = 4096;

/** What stands in the way: asks for events and logs only where something does. */
async function explained(read: KubeApi, { source, kustomization, owners, pods, leases }: Parts) {
  const waiting = unsettled(pods);
  // What a Job of a CronJob came to is the past; the next one is about to begin.
  const asked = owners.filter(({ kind, metadata }) => kind !== "Job" || !metadata.ownerReferences);
  const namespaces = new Set([...waiting, ...asked.filter(isShort)].map(({ metadata }) => metadata.namespace ?? ""));
  if (!isReady(kustomization)) namespaces.add("flux-system");
  const sets = Promise.all(
    [...namespaces].map((namespace) => read<List<Described>>(`/apis/apps/v1/namespaces/${namespace}/replicasets`)),
  );
  const events = await Promise.all(
    [...namespaces].map((namespace) =>
      read<List<Event>>(`/api/v1/namespaces/${namespace}/events?fieldSelector=type%3DWarning&limit=500`),
    ),
  );
  const all = events.flatMap((found) => value(found)?.items ?? []);
  const replicaSets = (await sets).flatMap((found) => value(found)?.items ?? []);
  const present = ofPresentRevision(pods, owners, replicaSets);
  const found = await Promise.all(ofWorkloads(asked, present, all).map((finding) => withLog(read, finding)));
  const isPlatforms = ({ object }: Finding) => object !== null && isSystem(object.namespace);
  const unled = ofLeaders(leases);
  const seen: Seen = {
    fetched: source?.status?.artifact?.revision ?? null,
    applied: kustomization?.status?.lastAppliedRevision ?? null,
    findings: [...ofAgent(source, kustomization, all), ...unled, ...found.filter((one) => !isPlatforms(one))],
    unsettled: waiting.filter(({ metadata }) => !isSystem(metadata.namespace ?? "")).length,
  };
  const platform = found.filter(isPlatforms);
  return source && kustomization ? { platform, seen } : { platform: [...unled, ...platform] };
}

/** Whether an owner has fewer pods than it is to have. */
function isShort({ kind, spec, status }: Owner): boolean {
  if (kind === "DaemonSet") return (status?.numberReady ?? 0) < (status?.desiredNumberScheduled ?? 0);
  if (kind === "Job") return !status?.completionTime && (status?.active ?? 0) === 0;
  return (status?.readyReplicas ?? 0) < (spec?.replicas ?? 1);
}

async function withLog(read: KubeApi, finding: Finding): Promise<Finding & { log?: string[] }> {
  if (!finding.logOf) return finding;
  const { namespace, pod, container, previous } = finding.logOf;
  // As one container goes and the next begins, the one that was meant may be gone, or be the other by now.
  for (const which of [previous, !previous]) {
    const query = `container=${container}&previous=${which}&tailLines=${LOG_LINES}&limitBytes=${LOG_BYTES}`;
    const log = value(await read<string>(`/api/v1/namespaces/${namespace}/pods/${pod}/log?${query}`, "text")) ?? "";
    const lines = log.split("\n").filter(Boolean);
    if (lines.length > 0 && !/^unable to retrieve container logs/.test(log))
      return { ...finding, log: lines.map((line) => plain(line, 300)) };
  }
  return finding;
}

const ofKind = (kind: string, list: List<Described> | undefined): Owner[] =>
  (list?.items ?? []).map((one) => ({ ...one, kind }) as Owner);

const value = <T>(found: Look<T | undefined>): T | undefined => (found.state === "answered" ? found.value : undefined);

/**
 * Twice a minute the agent compares the cluster with the commit that it has applied, and is neither ready nor not
 * meanwhile: then the round before tells.
 */
function looksForDrift(source: GitRepository | undefined, kustomization: Kustomization | undefined): boolean {
  const { lastAppliedRevision, history } = kustomization?.status ?? {};
  return (
    condition(kustomization, "Ready")?.status === "Unknown" &&
    lastAppliedRevision !== undefined &&
    lastAppliedRevision === source?.status?.artifact?.revision &&
    history?.[0]?.lastReconciledStatus === "ReconciliationSucceeded"
  );
}

/** Names of the nodes on which this program of the platform's is ready. */
function nodesWith(app: string, pods: Pod[]): Set<string> {
  const own = pods.filter(
    (pod) => pod.metadata.namespace === "kube-system" && pod.metadata.labels?.app === app && isReady(pod),
  );
  return new Set(own.map(({ spec }) => spec?.nodeName ?? ""));
}

function workload(deployment: Deployment, pods: Pod[]): Report["workloads"][number] {
  const { metadata, spec, status } = deployment;
  return {
    namespace: metadata.namespace ?? "",
    name: metadata.name,
    ready: status?.readyReplicas ?? 0,
    desired: spec.replicas,
    image: runningImage(deployment, pods) ?? spec.template.spec.containers[0]?.image ?? "",
  };
}

/** The image by digest as the newest of the deployment's pods really runs it; undefined before any does. */
function runningImage({ metadata, spec }: Deployment, pods: Pod[]): string | undefined {
  const labels = Object.entries(spec.selector.matchLabels ?? {});
  // Times of one API server, all in the same format: as texts they sort by age.
  const age = (pod: Pod): string => pod.metadata.creationTimestamp ?? "";
  return pods
    .filter((pod) => pod.metadata.namespace === metadata.namespace)
    .filter((pod) => labels.every(([key, value]) => pod.metadata.labels?.[key] === value))
    .sort((a, b) => age(b).localeCompare(age(a)))
    .map(({ status }) => status?.containerStatuses?.[0]?.imageID)
    .find(Boolean);
}
