import { atWhomAnswers } from "../../lib/answering";
import { patienceHere } from "../../lib/machine";
import { ROTATED } from "../../lib/rotation";
import type { Stack } from "../../stacks/stack";
import { changeOf } from "../change/change";
import { guestRuns } from "../here/leftovers";
import type { NodeOutput, Outputs } from "../pulumi/outputs";
import { lookAtAlerts } from "./alerts";
import { certificates } from "./certificates";
import { type ClusterState, clusterState, UNREACHABLE } from "./cluster";
import { type KubeApi, kubeApi } from "./kube-api";
import { keepAnswers, lastAnswers } from "./last-answers";
import { type Look, lookAtSsh, type NoAnswer } from "./look";
import { lookAtRegistry, type RegistryLook } from "./registry";
import type { Report } from "./report";

/** An API server on emulated CPUs takes ten seconds and more where pods start beside it. */
export const limitHere = (): number => 20 * patienceHere();

/**
 * Asks the registry, the API server, Git and each node at once, each within the limit of its own.
 * @param config the stack as its file says it; without it Git is not asked
 */
export async function collect(
  stack: string,
  outputs: Outputs,
  limitSeconds = limitHere(),
  config?: Stack,
): Promise<Report> {
  return (await collected(stack, outputs, limitSeconds, config)).report;
}

/** The same, with what the cluster tells beside it. */
export async function collected(stack: string, outputs: Outputs, limitSeconds: number, config: Stack | undefined) {
  const enough = new AbortController();
  const ssh = (outputs.nodes ?? []).map((node) => lookAtSsh(node.reach, limitSeconds, enough.signal));
  const { kubeconfig, monitoring } = outputs;
  const api = kubeconfig === undefined ? undefined : readApi(kubeconfig, limitSeconds);
  const asked = askCluster(api);
  const [registry, cluster, { ends, awaited }, alerts, change] = await Promise.all([
    lookAtRegistry(outputs, limitSeconds),
    asked,
    certificates(outputs, limitSeconds),
    api && monitoring ? lookAtAlerts(api) : null,
    config
      ? changeOf(
          config,
          outputs,
          asked.then(({ seen }) => seen),
          limitSeconds,
        )
      : null,
  ]);
  const nodes = (outputs.nodes ?? []).map(({ name, role, site, address }) => ({
    name,
    role,
    // The registry's node stands outside the cluster: what it is for is what it is measured by.
    ready: role === "registry" ? registry.state === "answered" : cluster.nodes.get(name)?.ready === true,
    site,
    address,
    kubelet: cluster.nodes.get(name)?.kubelet || null,
    kernel: cluster.nodes.get(name)?.kernel || null,
    image: outputs.images?.[name] ?? null,
    networkPolicies: role === "registry" ? null : (cluster.policed?.has(name) ?? null),
    takesPods: cluster.nodes.get(name)?.takesPods ?? null,
  }));
  // A node that is ready need not say so itself.
  if (nodes.every(({ ready }) => ready)) enough.abort();
  const said = await Promise.all(ssh);
  const silent: [string, NoAnswer][] = [
    ...(registry.state === "answered" ? [] : [["registry", registry] as [string, NoAnswer]]),
    ...Object.entries(cluster.unanswered),
    ...(alerts === null || alerts.state === "answered" ? [] : [["monitoring", alerts] as [string, NoAnswer]]),
    ...(outputs.nodes ?? []).flatMap((node, index) =>
      nodes[index]?.ready
        ? []
        : ofNode(stack, node, said[index]).map((one): [string, NoAnswer] => [`node ${node.name}`, one]),
    ),
  ];
  const last = lastAnswers(stack);
  keepAnswers(stack, answered(registry, cluster));
  const report: Report = {
    stack,
    nodes,
    registry: {
      address: outputs.registry?.address ?? null,
      ready: registry.state === "answered",
      images: registry.state === "answered" ? registry.value.repositories : null,
    },
    cluster: { version: cluster.version, ready: cluster.ready },
    ingress: outputs.ingress
      ? {
          hosts: outputs.ingress.hosts,
          addresses: outputs.ingress.addresses,
          answering: cluster.answering ? cluster.answering.size : null,
          awaited,
        }
      : null,
    monitoring: alerts && { alerts: alerts.state === "answered" ? alerts.value : null },
    agent: { ...cluster.agent, readOnlyKey: outputs.deployKeyReadOnly === true },
    workloads: cluster.workloads,
    change,
    rotating: ROTATED.filter((what) => (outputs.rotations?.[what]?.accepted.length ?? 1) > 1),
    certificates: ends,
    unanswered: silent.map(([part, { state, detail }]) => ({ part, state, detail, lastAnswer: last[part] ?? null })),
    expectedUpSeconds: null,
  };
  return { report, cluster };
}

/** What is known of a node that nobody calls ready: that its guest is off, else what its SSH said. */
function ofNode(stack: string, { name }: NodeOutput, said: Look<string> | undefined): NoAnswer[] {
  const runs = guestRuns(stack, name);
  if (runs === false) return [{ state: "dead", detail: "its guest does not run" }];
  if (!said || said.state === "answered") return [];
  return [{ ...said, detail: `${runs ? "its guest runs, " : ""}SSH: ${said.detail}` }];
}

function answered(registry: RegistryLook, cluster: ClusterState): Record<string, string> {
  const { version, nodes, agent, workloads, unanswered } = cluster;
  const ready = [...nodes].flatMap(([name, node]) => (node.ready ? [name] : []));
  return {
    ...(registry.state === "answered" ? { registry: `${registry.value.repositories ?? "?"} repositories` } : {}),
    ...(version ? { cluster: `Kubernetes ${version}` } : {}),
    ...(version && !unanswered.nodes ? { nodes: `ready: ${ready.join(", ") || "none"}` } : {}),
    ...(version && !unanswered.agent ? { agent: `applied ${agent.lastApplied ?? "nothing"}` } : {}),
    ...(version && !unanswered.workloads
      ? { workloads: workloads.map(({ name, ready, desired }) => `${name} ${ready}/${desired}`).join(", ") || "none" }
      : {}),
  };
}

const readApi = async (kubeconfig: string, limitSeconds: number): Promise<KubeApi> =>
  kubeApi(await atWhomAnswers(kubeconfig), limitSeconds);

async function askCluster(api: Promise<KubeApi> | undefined): Promise<ClusterState> {
  if (!api) return UNREACHABLE;
  try {
    return await clusterState(await api);
  } catch (error) {
    return { ...UNREACHABLE, unanswered: { cluster: { state: "refused", detail: (error as Error).message } } };
  }
}
