import { kubeApi } from "./kube-api";
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
  unanswered: {},
};

/** The parts of Kubernetes' and Flux's objects that are read here. */
interface Described {
  metadata: { name: string; namespace?: string; labels?: Record<string, string>; creationTimestamp?: string };
  status?: { conditions?: { type: string; status: string }[] };
}

interface Deployment extends Described {
  spec: {
    replicas: number;
    selector: { matchLabels?: Record<string, string> };
    template: { spec: { containers: { image: string }[] } };
  };
  status?: Described["status"] & { readyReplicas?: number };
}

interface Pod extends Described {
  spec?: { nodeName?: string };
  status?: Described["status"] & { containerStatuses?: { imageID: string }[] };
}

interface GitRepository extends Described {
  status?: Described["status"] & { artifact?: { revision: string } };
}

interface Kustomization extends Described {
  status?: Described["status"] & {
    lastAppliedRevision?: string;
    /** The last round first. */
    history?: { lastReconciledStatus: string }[];
  };
}

interface List<T> {
  items: T[];
}

const FLUX = "namespaces/flux-system";

/** Asks the API server, all questions at once: one that is late hides no other's answer. */
export async function clusterState(kubeconfig: string, limitSeconds: number): Promise<ClusterState> {
  const read = kubeApi(kubeconfig, limitSeconds);
  const looks = await Promise.all([
    read<{ gitVersion: string }>("/version"),
    read<NodeList>("/api/v1/nodes"),
    read<List<Deployment>>("/apis/apps/v1/deployments"),
    read<List<Pod>>("/api/v1/pods"),
    read<GitRepository>(`/apis/source.toolkit.fluxcd.io/v1/${FLUX}/gitrepositories/flux-system`),
    read<Kustomization>(`/apis/kustomize.toolkit.fluxcd.io/v1/${FLUX}/kustomizations/flux-system`),
  ]);
  const [version, nodes, deployments, pods, source, kustomization] = [
    value(looks[0]),
    value(looks[1]),
    value(looks[2]),
    value(looks[3]),
    value(looks[4]),
    value(looks[5]),
  ];
  const parts = ["cluster", "nodes", "workloads", "images", "agent", "agent"] as const;
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
    unanswered: Object.fromEntries(silent),
  };
}

const value = <T>(found: Look<T | undefined>): T | undefined => (found.state === "answered" ? found.value : undefined);

const readiness = (object: Described | undefined): string | undefined =>
  object?.status?.conditions?.find(({ type }) => type === "Ready")?.status;

const isReady = (object: Described | undefined): boolean => readiness(object) === "True";

/**
 * Twice a minute the agent compares the cluster with the commit that it has applied, and is neither ready nor not
 * meanwhile: then the round before tells.
 */
function looksForDrift(source: GitRepository | undefined, kustomization: Kustomization | undefined): boolean {
  const { lastAppliedRevision, history } = kustomization?.status ?? {};
  return (
    readiness(kustomization) === "Unknown" &&
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

const isSystem = (namespace: string): boolean => namespace === "flux-system" || namespace.startsWith("kube-");

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
