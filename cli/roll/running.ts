import { setTimeout as sleep } from "node:timers/promises";
import { atWhomAnswers } from "../../lib/answering";
import { patienceHere } from "../../lib/machine";
import { type KubeApi, kubeApi } from "../status/kube-api";
import { type NodeList, type NodeRuns, nodeRuns } from "../status/nodes";

interface List<T> {
  items: T[];
}

export interface WorkloadObject {
  metadata: { namespace: string; name: string; generation?: number };
  spec: { replicas?: number };
  status?: {
    observedGeneration?: number;
    readyReplicas?: number;
    updatedReplicas?: number;
    desiredNumberScheduled?: number;
    numberReady?: number;
  };
}

/** Workloads by what they are and their names, with whether all of their pods are ready. */
export type Workloads = Map<string, boolean>;

/** What runs in a cluster, asked of whichever control plane answers. */
export class Running {
  constructor(private readonly kubeconfig: string) {}

  private async api(): Promise<KubeApi> {
    return kubeApi(await atWhomAnswers(this.kubeconfig), 20 * patienceHere());
  }

  private async read<T>(path: string, api = this.api()): Promise<T> {
    const found = await (await api)<T>(path);
    if (found.state !== "answered") throw new Error(`the cluster's API did not answer: ${found.detail}`);
    if (found.value === undefined) throw new Error(`the cluster's API knows no ${path}`);
    return found.value;
  }

  /** By the node's name. @throws where the API does not answer */
  async nodes(): Promise<Map<string, NodeRuns>> {
    return nodeRuns(await this.read<NodeList>("/api/v1/nodes"));
  }

  /** @throws where the API does not answer */
  async workloads(): Promise<Workloads> {
    const kinds = ["deployments", "statefulsets", "daemonsets"];
    const api = this.api();
    const lists = await Promise.all(kinds.map((kind) => this.read<List<WorkloadObject>>(`/apis/apps/v1/${kind}`, api)));
    return new Map(
      lists.flatMap(({ items }, at) => items.map((item) => [`${kinds[at]} ${nameOf(item)}`, whole(item)])),
    );
  }

  /**
   * Waits until every node is ready and what was whole before is whole again, or is no more.
   * @returns what is not, when the time is over
   */
  async settled(before: Workloads, seconds: number): Promise<string[]> {
    const deadline = performance.now() + seconds * 1000;
    for (;;) {
      const left = await this.unsettled(before).catch((error: Error) => [error.message]);
      if (left.length === 0 || performance.now() >= deadline) return left;
      await sleep(5000);
    }
  }

  private async unsettled(before: Workloads): Promise<string[]> {
    const [nodes, now] = await Promise.all([this.nodes(), this.workloads()]);
    return [
      ...[...nodes].flatMap(([name, { ready }]) => (ready ? [] : [`node ${name} is not ready`])),
      ...[...before].flatMap(([name, was]) => (was && now.get(name) === false ? [`${name} is not whole`] : [])),
    ];
  }
}

const nameOf = ({ metadata: { namespace, name } }: WorkloadObject): string => `${namespace}/${name}`;

/** All of its pods are ready, and they are those that it asks for now. */
export function whole({ metadata, spec, status = {} }: WorkloadObject): boolean {
  if ((status.observedGeneration ?? 0) < (metadata.generation ?? 0)) return false;
  if (status.desiredNumberScheduled !== undefined) return status.numberReady === status.desiredNumberScheduled;
  return (status.readyReplicas ?? 0) === (spec.replicas ?? 1);
}
