import { Quantity } from "../cel/quantity";
import { Unknown } from "../cel/unknown";
import type { WorldFinding } from "../engine/verdict";
import { podRequest, RESOURCES, type Resource } from "./pod-requests";
import { get, type Seen, workloads } from "./read";
import { replicasOf } from "./replicas";
import type { Implementation, World } from "./world";

interface Worker {
  cpu: Quantity;
  memory: Quantity;
}

/** The sum of all requests fits the workers, and each pod fits one of them. */
export const requestsFitNodes: Implementation = (world) => {
  const workers = workersOf(world);
  if (workers === undefined) {
    const message = "whether the requests in Git fit cannot be decided before the size of every worker is known";
    return [{ verdict: "undetermined", path: "nodes", message, waitsFor: ["nodes"] }];
  }
  return RESOURCES.flatMap((resource) => [
    ...judgeSum(world, workers, resource),
    ...judgePods(world, workers, resource),
  ]);
};

/** What each worker has for pods; undefined where a size is not known. */
function workersOf(world: World): Worker[] | undefined {
  const nodes = world.params.nodes as Record<string, unknown>[];
  const workers = nodes.filter((node) => node.role === "worker");
  if (workers.some((node) => typeof node.cores !== "number" || typeof node.memoryMiB !== "number")) return undefined;
  const reservedCpu = Quantity.parse(world.params.reservedCpu as string);
  const reservedMemory = Quantity.parse(world.params.reservedMemory as string);
  return workers.map((node) => ({
    cpu: Quantity.parse(`${node.cores as number}`).sub(reservedCpu),
    memory: Quantity.parse(`${node.memoryMiB as number}Mi`).sub(reservedMemory),
  }));
}

function judgeSum(world: World, workers: readonly Worker[], resource: Resource): WorldFinding[] {
  let sum = Quantity.of(0n);
  const waitsFor: string[] = [];
  for (const { podSpec, ...seen } of workloads(world)) {
    const { id } = seen;
    const count = podsOf(world, seen, workers.length);
    const { atLeast, exact } = podRequest(podSpec, resource);
    sum = sum.add(atLeast.times(BigInt(count.atLeast)));
    if (!exact || !count.exact) waitsFor.push(`${id.kind} ${id.namespace}/${id.name}`);
  }
  const room = workers.reduce((total, worker) => total.add(worker[resource]), Quantity.of(0n));
  const amounts = `the requests in Git come to ${shown(sum, resource)} of ${resource}, and the ${workers.length} workers have ${shown(room, resource)} for pods`;
  if (sum.compareTo(room) > 0) return [{ verdict: "fail", path: "nodes", message: amounts }];
  if (waitsFor.length === 0) return [];
  return [{ verdict: "undetermined", path: "nodes", message: `${amounts}, but not everything is known yet`, waitsFor }];
}

function judgePods(world: World, workers: readonly Worker[], resource: Resource): WorldFinding[] {
  return workloads(world).flatMap(({ podSpec, path, document, id }) => {
    const { atLeast } = podRequest(podSpec, resource);
    if (atLeast.sign() <= 0 || workers.some((worker) => worker[resource].compareTo(atLeast) >= 0)) return [];
    const message = `a pod of ${id.name} asks for ${shown(atLeast, resource)} of ${resource}, and no worker is large enough`;
    return [{ verdict: "fail", path: path.join("."), message, document }];
  });
}

/** How many pods run at the same time: what is written, or more where an autoscaler asks for more. */
function podsOf(world: World, seen: Seen, workers: number): { atLeast: number; exact: boolean } {
  const { object } = seen.document;
  switch (seen.id.kind) {
    case "DaemonSet":
      return { atLeast: workers, exact: true };
    case "PodTemplate":
      return { atLeast: 0, exact: true };
    case "Pod":
      return { atLeast: 1, exact: true };
    case "Job":
      return orOne(get(object, "spec", "parallelism"));
    case "CronJob":
      return orOne(get(object, "spec", "jobTemplate", "spec", "parallelism"));
    default: {
      const written = orOne(get(object, "spec", "replicas"));
      const scaled = replicasOf(world, seen);
      return { atLeast: Math.max(written.atLeast, scaled.atLeast), exact: written.exact && scaled.exact };
    }
  }
}

function orOne(count: unknown): { atLeast: number; exact: boolean } {
  if (count instanceof Unknown) return { atLeast: 0, exact: false };
  return { atLeast: typeof count === "number" && count >= 0 ? count : 1, exact: true };
}

/** Thousandths of a core, or MiB rounded up. */
function shown(amount: Quantity, resource: Resource): string {
  const value = amount.asApproximateFloat();
  return resource === "cpu" ? `${Math.ceil(value * 1000)}m` : `${Math.ceil(value / 2 ** 20)}Mi`;
}
