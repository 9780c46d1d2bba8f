import { Unknown } from "../cel/unknown";
import type { WorldFinding } from "../engine/verdict";
import { get, inNamespace, list, ofKind, type Seen, workloads } from "./read";
import type { Implementation, World } from "./world";

const KIND = "networking.k8s.io/NetworkPolicy";

/** Each tenant namespace has a policy that selects all its pods and speaks of egress; what it opens is judged alone. */
export const defaultDenyEgress: Implementation = (world) => {
  const tenants = ofKind(world, "/Namespace").filter(({ id }) => !world.systemNamespaces.includes(id.name));
  return [...tenants.flatMap((one) => judge(world, one)), ...elsewhere(world)];
};

function judge(world: World, { document, id }: Seen): WorldFinding[] {
  const path = "metadata.name";
  const unnamed = get(document.object, "metadata", "name") instanceof Unknown;
  const verdicts = unnamed ? [undefined] : inNamespace(world, KIND, id.name).map(denies);
  if (verdicts.includes(true)) return [];
  if (verdicts.includes(undefined)) {
    const message = `whether namespace ${id.name} denies egress by default cannot be decided yet`;
    return [{ verdict: "undetermined", path, message, waitsFor: ["NetworkPolicy"], document }];
  }
  const message = `namespace ${id.name} has no NetworkPolicy that denies egress to all its pods`;
  return [{ verdict: "fail", path, message, document }];
}

/** Whether a policy holds for every pod's egress; `undefined` where that is not known. */
function denies({ document }: Seen): boolean | undefined {
  const [namespace, selector, types] = [
    get(document.object, "metadata", "namespace"),
    get(document.object, "spec", "podSelector"),
    get(document.object, "spec", "policyTypes"),
  ];
  if ([namespace, selector, types].some((value) => value instanceof Unknown)) return undefined;
  return selectsAll(selector) && list(types).includes("Egress");
}

function selectsAll(selector: unknown): boolean {
  if (selector === undefined || typeof selector !== "object" || selector === null) return false;
  return Object.values(selector).every((part) => Object.keys((part ?? {}) as object).length === 0);
}

/** Namespaces that workloads are in, but whose Namespace object is not among what we see: once for each. */
function elsewhere(world: World): WorldFinding[] {
  const asked = new Set(ofKind(world, "/Namespace").map(({ id }) => id.name));
  return workloads(world).flatMap(({ document, id }): WorldFinding[] => {
    const namespace = id.namespace || "default";
    if (asked.has(namespace)) return [];
    asked.add(namespace);
    const waitsFor = [`Namespace ${namespace}`];
    const message = `namespace ${namespace} is not among these objects, so whether it denies egress is not known`;
    return [{ verdict: "undetermined", path: "metadata.namespace", message, waitsFor, document }];
  });
}
