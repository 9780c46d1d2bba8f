import type { Outputs } from "../pulumi/outputs";
import { say } from "../terminal/say";
import { type ClusterState, clusterState, UNREACHABLE } from "./cluster";
import { registryState } from "./registry";
import type { Report } from "./report";

// An API server on emulated CPUs takes ten seconds and more where pods start beside it.
const TIMEOUT_SECONDS = 30;

/** Asks the registry and the API server, both at once and within half a minute a question. */
export async function collect(stack: string, outputs: Outputs): Promise<Report> {
  const [registry, cluster] = await Promise.all([registryState(outputs, TIMEOUT_SECONDS), askCluster(outputs)]);
  return {
    stack,
    nodes: (outputs.nodes ?? []).map(({ name, role, site, address }) => ({
      name,
      role,
      // The registry's node stands outside the cluster: what it is for is what it is measured by.
      ready: role === "registry" ? registry.ready : cluster.readyNodes.has(name),
      site,
      address,
    })),
    registry: { address: outputs.registry?.address ?? null, ready: registry.ready, images: registry.repositories },
    cluster: { version: cluster.version, ready: cluster.ready },
    agent: { ...cluster.agent, readOnlyKey: outputs.deployKeyReadOnly === true },
    workloads: cluster.workloads,
  };
}

async function askCluster({ kubeconfig }: Outputs): Promise<ClusterState> {
  if (!kubeconfig) return UNREACHABLE;
  try {
    return await clusterState(kubeconfig, TIMEOUT_SECONDS);
  } catch (error) {
    say(`The cluster's API server: ${error instanceof Error ? error.message : String(error)}`);
    return UNREACHABLE;
  }
}
