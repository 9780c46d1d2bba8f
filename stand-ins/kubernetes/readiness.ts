import { isObject, type Properties } from "../shared/value";
import { at, count, list, words } from "./object";

/** How far an object is from doing its work. `message` says what is missing, in figures. */
export interface Readiness {
  state: "ready" | "waiting" | "failed";
  message: string;
}

const ready: Readiness = { state: "ready", message: "ready" };

/** Kinds that are not known here, custom resources among them, are ready as soon as they exist. */
export function readiness(object: Properties): Readiness {
  switch (`${words(object, "apiVersion")} ${words(object, "kind")}`) {
    case "apps/v1 Deployment":
      return observed(object) ?? deployment(object);
    case "apps/v1 StatefulSet":
      return observed(object) ?? statefulSet(object);
    case "apps/v1 DaemonSet":
      return observed(object) ?? daemonSet(object);
    case "batch/v1 Job":
      return job(object);
    case "v1 Namespace":
      return at(object, "status", "phase") === "Active" ? ready : waiting("the namespace is not active");
    case "apiextensions.k8s.io/v1 CustomResourceDefinition":
      return definition(object);
    default:
      return ready;
  }
}

/** The status may still be that of the former specification. */
function observed(object: Properties): Readiness | undefined {
  const behind = count(object, "status", "observedGeneration") < count(object, "metadata", "generation");
  return behind ? waiting("its controller has not seen the new specification") : undefined;
}

function deployment(object: Properties): Readiness {
  const wanted = replicas(object);
  const updated = count(object, "status", "updatedReplicas");
  const available = count(object, "status", "availableReplicas");
  const all = count(object, "status", "replicas");
  if (updated < wanted) return waiting(`${updated} of ${wanted} replicas are of the new version`);
  if (all > updated) return waiting(`${all - updated} replicas of the former version are still there`);
  return available < wanted ? waiting(`${available} of ${wanted} replicas are available`) : ready;
}

function statefulSet(object: Properties): Readiness {
  const wanted = replicas(object);
  const updated = count(object, "status", "updatedReplicas");
  const available = count(object, "status", "readyReplicas");
  const onDelete = at(object, "spec", "updateStrategy", "type") === "OnDelete";
  if (updated < wanted && !onDelete) return waiting(`${updated} of ${wanted} replicas are of the new version`);
  return available < wanted ? waiting(`${available} of ${wanted} replicas are ready`) : ready;
}

function daemonSet(object: Properties): Readiness {
  const wanted = count(object, "status", "desiredNumberScheduled");
  const updated = count(object, "status", "updatedNumberScheduled");
  const available = count(object, "status", "numberAvailable");
  const onDelete = at(object, "spec", "updateStrategy", "type") === "OnDelete";
  if (updated < wanted && !onDelete) return waiting(`${updated} of ${wanted} nodes run the new version`);
  return available < wanted ? waiting(`it is available on ${available} of ${wanted} nodes`) : ready;
}

function job(object: Properties): Readiness {
  if (at(object, "spec", "suspend") === true || hasCondition(object, "Complete")) return ready;
  const failed = condition(object, "Failed");
  if (failed?.status === "True") return { state: "failed", message: `the job failed: ${text(failed)}` };
  return waiting(`${count(object, "status", "active")} of its pods are running`);
}

function definition(object: Properties): Readiness {
  const names = condition(object, "NamesAccepted");
  if (names?.status === "False") return { state: "failed", message: `its names are refused: ${text(names)}` };
  return hasCondition(object, "Established") ? ready : waiting("the definition is not established");
}

function replicas(object: Properties): number {
  const wanted = at(object, "spec", "replicas");
  return typeof wanted === "number" ? wanted : 1;
}

export function condition(object: Properties, type: string): Properties | undefined {
  return list(object, "status", "conditions").find((one) => isObject(one) && one.type === type);
}

function hasCondition(object: Properties, type: string): boolean {
  return condition(object, type)?.status === "True";
}

function text(one: Properties): string {
  return [words(one, "reason"), words(one, "message")].filter((part) => part !== "").join(": ");
}

function waiting(message: string): Readiness {
  return { state: "waiting", message };
}
