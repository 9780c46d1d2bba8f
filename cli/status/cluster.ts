import type { CustomObjectsApi, V1Deployment, V1Node, V1Pod } from "@kubernetes/client-node";
import type { Report } from "./report";

/** What the cluster's API server tells: node readiness by name, the agent and the workloads. */
export interface ClusterState {
  version: string | null;
  ready: boolean;
  readyNodes: Set<string>;
  agent: { ready: boolean; revision: string | null; lastApplied: string | null };
  workloads: Report["workloads"];
}

export const UNREACHABLE: ClusterState = {
  version: null,
  ready: false,
  readyNodes: new Set(),
  agent: { ready: false, revision: null, lastApplied: null },
  workloads: [],
};

/** Asks the API server. @throws where it does not answer, or refuses */
export async function clusterState(kubeconfig: string): Promise<ClusterState> {
  // Loaded here: it takes a second, which the other verbs need not pay.
  const { AppsV1Api, CoreV1Api, CustomObjectsApi, KubeConfig, VersionApi } = await import("@kubernetes/client-node");
  const config = new KubeConfig();
  config.loadFromString(kubeconfig);
  const core = config.makeApiClient(CoreV1Api);
  const custom = config.makeApiClient(CustomObjectsApi);
  const [version, nodes, deployments, pods, source, kustomization] = await Promise.all([
    config.makeApiClient(VersionApi).getCode(),
    core.listNode(),
    config.makeApiClient(AppsV1Api).listDeploymentForAllNamespaces(),
    core.listPodForAllNamespaces(),
    flux(custom, "source.toolkit.fluxcd.io", "gitrepositories"),
    flux(custom, "kustomize.toolkit.fluxcd.io", "kustomizations"),
  ]);
  return {
    version: version.gitVersion,
    ready: true,
    readyNodes: new Set(nodes.items.filter(isReady).map(({ metadata }) => metadata?.name ?? "")),
    agent: {
      ready: isReady(source) && isReady(kustomization),
      revision: source?.status?.artifact?.revision ?? null,
      lastApplied: kustomization?.status?.lastAppliedRevision ?? null,
    },
    workloads: deployments.items
      .filter(({ metadata }) => !isSystem(metadata?.namespace ?? ""))
      .map((deployment) => workload(deployment, pods.items)),
  };
}

interface FluxObject {
  status?: {
    conditions?: { type: string; status: string }[];
    artifact?: { revision?: string };
    lastAppliedRevision?: string;
  };
}

/** The stack's own `flux-system` object of a kind; undefined before the agent is installed. */
async function flux(custom: CustomObjectsApi, group: string, plural: string): Promise<FluxObject | undefined> {
  try {
    const where = { group, version: "v1", namespace: "flux-system", plural, name: "flux-system" };
    return (await custom.getNamespacedCustomObject(where)) as FluxObject;
  } catch (error) {
    if ((error as { code?: number }).code === 404) return undefined;
    throw error;
  }
}

function isReady(object: FluxObject | V1Node | undefined): boolean {
  return object?.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
}

const isSystem = (namespace: string): boolean => namespace === "flux-system" || namespace.startsWith("kube-");

function workload(deployment: V1Deployment, pods: V1Pod[]): Report["workloads"][number] {
  const { metadata, spec, status } = deployment;
  return {
    namespace: metadata?.namespace ?? "",
    name: metadata?.name ?? "",
    ready: status?.readyReplicas ?? 0,
    desired: spec?.replicas ?? 0,
    image: runningImage(deployment, pods) ?? spec?.template.spec?.containers[0]?.image ?? "",
  };
}

/** The image by digest as the newest of the deployment's pods really runs it; undefined before any does. */
function runningImage(deployment: V1Deployment, pods: V1Pod[]): string | undefined {
  const labels = Object.entries(deployment.spec?.selector.matchLabels ?? {});
  const age = (pod: V1Pod): number => pod.metadata?.creationTimestamp?.getTime() ?? 0;
  return pods
    .filter(({ metadata }) => metadata?.namespace === deployment.metadata?.namespace)
    .filter(({ metadata }) => labels.every(([key, value]) => metadata?.labels?.[key] === value))
    .sort((a, b) => age(b) - age(a))
    .map(({ status }) => status?.containerStatuses?.[0]?.imageID)
    .find(Boolean);
}
