import { atWhomAnswers } from "../../lib/answering";
import { patienceHere } from "../../lib/machine";
import { ROTATED } from "../../lib/rotation";
import { guestRuns } from "../here/leftovers";
import type { NodeOutput, Outputs } from "../pulumi/outputs";
import { certificates } from "./certificates";
import { type ClusterState, clusterState, UNREACHABLE } from "./cluster";
import { keepAnswers, lastAnswers } from "./last-answers";
import { type Look, lookAtSsh, type NoAnswer } from "./look";
import { lookAtRegistry, type RegistryLook } from "./registry";
import type { Report } from "./report";

/** An API server on emulated CPUs takes ten seconds and more where pods start beside it. */
const limitHere = (): number => 20 * patienceHere();

/** Asks the registry, the API server and each node at once, each within the limit of its own. */
export async function collect(stack: string, outputs: Outputs, limitSeconds = limitHere()): Promise<Report> {
  const enough = new AbortController();
  const ssh = (outputs.nodes ?? []).map((node) => lookAtSsh(node.reach, limitSeconds, enough.signal));
  const [registry, cluster, ends] = await Promise.all([
    lookAtRegistry(outputs, limitSeconds),
    askCluster(outputs, limitSeconds),
    certificates(outputs, limitSeconds),
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
  }));
  // A node that is ready need not say so itself.
  if (nodes.every(({ ready }) => ready)) enough.abort();
  const said = await Promise.all(ssh);
  const silent: [string, NoAnswer][] = [
    ...(registry.state === "answered" ? [] : [["registry", registry] as [string, NoAnswer]]),
    ...Object.entries(cluster.unanswered),
    ...(outputs.nodes ?? []).flatMap((node, index) =>
      nodes[index]?.ready
        ? []
        : ofNode(stack, node, said[index]).map((one): [string, NoAnswer] => [`node ${node.name}`, one]),
    ),
  ];
  const last = lastAnswers(stack);
  keepAnswers(stack, answered(registry, cluster));
  return {
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
        }
      : null,
    agent: { ...cluster.agent, readOnlyKey: outputs.deployKeyReadOnly === true },
    workloads: cluster.workloads,
    rotating: ROTATED.filter((what) => (outputs.rotations?.[what]?.accepted.length ?? 1) > 1),
    certificates: ends,
    unanswered: silent.map(([part, { state, detail }]) => ({ part, state, detail, lastAnswer: last[part] ?? null })),
    expectedUpSeconds: null,
  };
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

async function askCluster({ kubeconfig }: Outputs, limitSeconds: number): Promise<ClusterState> {
  if (!kubeconfig) return UNREACHABLE;
  try {
    return await clusterState(await atWhomAnswers(kubeconfig), limitSeconds);
  } catch (error) {
    return { ...UNREACHABLE, unanswered: { cluster: { state: "refused", detail: (error as Error).message } } };
  }
}
