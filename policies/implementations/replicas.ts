import { Unknown } from "../cel/unknown";
import { get, inNamespace, type Seen } from "./read";
import type { World } from "./world";

/** How few pods a workload may have, and who says so. */
export interface Replicas {
  /** The least that is certain; 0 where nothing is known. */
  atLeast: number;
  exact: boolean;
  /** The autoscaler that sets the number, e.g. `HorizontalPodAutoscaler report`. */
  by?: string;
}

interface Autoscaler {
  kind: string;
  /** Of the target, where the reference leaves it out. */
  targetApiVersion: string;
  targetKind?: string;
  /** Fields of `spec`, of which the first that is set is the least number of pods. */
  least: readonly string[];
  otherwise: number;
}

const AUTOSCALERS: readonly Autoscaler[] = [
  {
    kind: "autoscaling/HorizontalPodAutoscaler",
    targetApiVersion: "",
    least: ["minReplicas"],
    otherwise: 1,
  },
  {
    kind: "keda.sh/ScaledObject",
    targetApiVersion: "apps/v1",
    targetKind: "Deployment",
    // While nothing happens it is scaled to the first.
    least: ["idleReplicaCount", "minReplicaCount"],
    otherwise: 0,
  },
];

/** What is written in `spec.replicas`, or what an autoscaler among the objects makes of it. */
export function replicasOf(world: World, { document, id }: Seen): Replicas {
  const written = get(document.object, "spec", "replicas");
  const place = get(document.object, "metadata", "namespace");
  if (written instanceof Unknown) return { atLeast: 0, exact: false };
  for (const autoscaler of AUTOSCALERS) {
    for (const one of inNamespace(world, autoscaler.kind, id.namespace || "default")) {
      const target = targets(autoscaler, one, id);
      if (target === false) continue;
      const elsewhere =
        place instanceof Unknown || get(one.document.object, "metadata", "namespace") instanceof Unknown;
      if (target === undefined || elsewhere) return { atLeast: 0, exact: false };
      const spec = get(one.document.object, "spec");
      const least = autoscaler.least.map((field) => get(spec, field)).find((value) => value !== undefined);
      const by = `${one.id.kind} ${one.id.name}`;
      if (least instanceof Unknown || spec instanceof Unknown) return { atLeast: 0, exact: false, by };
      return { atLeast: typeof least === "number" ? least : autoscaler.otherwise, exact: true, by };
    }
  }
  return { atLeast: typeof written === "number" ? written : 1, exact: true };
}

/** Whether the autoscaler is about the workload; `undefined` where that is not known. */
function targets({ targetApiVersion, targetKind }: Autoscaler, one: Seen, id: Seen["id"]): boolean | undefined {
  const target = get(one.document.object, "spec", "scaleTargetRef");
  const kind = get(target, "kind") ?? targetKind;
  const name = get(target, "name");
  const apiVersion = get(target, "apiVersion") ?? targetApiVersion;
  const groups = apiVersion instanceof Unknown ? undefined : String(apiVersion).replace(/\/?[^/]*$/, "") === id.group;
  const verdicts = [same(kind, id.kind), same(name, id.name), groups];
  if (verdicts.includes(false)) return false;
  return verdicts.includes(undefined) ? undefined : true;
}

const same = (a: unknown, b: string): boolean | undefined => (a instanceof Unknown ? undefined : a === b);
