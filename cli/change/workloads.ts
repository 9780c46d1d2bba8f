import { plain } from "../terminal/plain";
import { LATE, REMEDY_OF_LATE, RULE } from "./agent";
import type { Finding, ObjectName } from "./cause";
import {
  type Container,
  type ContainerStatus,
  condition,
  type Described,
  type Event,
  isReady,
  newestFirst,
  type Pod,
  type Probe,
  timesOf,
} from "./observed";

/** What controllers say of what they could not make. */
export interface Owner extends Described {
  kind: string;
  spec?: { replicas?: number };
  status?: Described["status"] & {
    readyReplicas?: number;
    numberReady?: number;
    desiredNumberScheduled?: number;
    active?: number;
    completionTime?: string;
  };
}

const NOT_PULLED = new Set([
  "ErrImagePull",
  "ImagePullBackOff",
  "InvalidImageName",
  "ErrImageNeverPull",
  "RegistryUnavailable",
  "SignatureValidationFailed",
]);
const NOT_STARTED = new Set([
  "CreateContainerConfigError",
  "CreateContainerError",
  "RunContainerError",
  "PreStartHookError",
  "PostStartHookError",
]);
/** Of a pod that waits for what it needs before any of its containers. */
const BEFORE_CONTAINERS = new Set(["FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox"]);
/** Of owners whose pods are refused as they are made. */
const NOT_MADE = new Set(["FailedCreate", "ReplicaSetCreateError"]);

/** Pods that ought to be ready and are not. One that is on its way says nothing against itself in `ofWorkloads`. */
export const unsettled = (pods: readonly Pod[]): Pod[] =>
  pods.filter((pod) => !pod.metadata.deletionTimestamp && pod.status?.phase !== "Succeeded" && !isReady(pod));

const REVISION = "deployment.kubernetes.io/revision";

/**
 * Pods without those of a Deployment's former revisions, which go as those of the present one become ready.
 * @param replicaSets of the namespaces in question
 */
export function ofPresentRevision(
  pods: readonly Pod[],
  owners: readonly Owner[],
  replicaSets: readonly Described[],
): Pod[] {
  const revisionOf = ({ metadata }: Described): string | undefined => metadata.annotations?.[REVISION];
  const nameIn = (namespace: string | undefined, name: string): string => `${namespace ?? ""}/${name}`;
  const sets = new Map(replicaSets.map((one) => [nameIn(one.metadata.namespace, one.metadata.name), revisionOf(one)]));
  const deployments = new Map(
    owners
      .filter(({ kind }) => kind === "Deployment")
      .map((one) => [nameIn(one.metadata.namespace, one.metadata.name), revisionOf(one)]),
  );
  return pods.filter((pod) => {
    const { kind, namespace, name } = ownerOf(pod);
    const [present, set] = [deployments.get(nameIn(namespace, name)), pod.metadata.ownerReferences?.[0]?.name ?? ""];
    const own = sets.get(nameIn(namespace, set));
    return kind !== "Deployment" || present === undefined || own === undefined || own === present;
  });
}

/** Why pods are not made or not ready, once for each owner and container, from the newest of them. */
export function ofWorkloads(owners: readonly Owner[], pods: readonly Pod[], events: readonly Event[]): Finding[] {
  const age = (pod: Pod): string => pod.metadata.creationTimestamp ?? "";
  const newest = unsettled(pods).sort((a, b) => age(b).localeCompare(age(a)));
  const found = [...owners.flatMap((owner) => notMade(owner, events)), ...newest.flatMap((pod) => ofPod(pod, events))];
  const byPlace = new Map<string, Finding>();
  for (const one of found) {
    const key = JSON.stringify([one.object, one.stage, one.at]);
    if (!byPlace.has(key)) byPlace.set(key, withOrigin(one, owners));
  }
  return [...byPlace.values()];
}

function withOrigin(finding: Finding, owners: readonly Owner[]): Finding {
  const { object } = finding;
  const owner = owners.find(
    ({ kind, metadata }) =>
      kind === object?.kind && metadata.name === object.name && (metadata.namespace ?? "") === object.namespace,
  );
  const path = /^path: (.+)$/m.exec(owner?.metadata.annotations?.["config.kubernetes.io/origin"] ?? "")?.[1];
  return path === undefined ? finding : { ...finding, origin: path.trim() };
}

function notMade(owner: Owner, events: readonly Event[]): Finding[] {
  const { kind, metadata } = owner;
  const object = { kind, namespace: metadata.namespace ?? "", name: metadata.name };
  const failed = condition(owner, "ReplicaFailure");
  const told = newestFirst(events.filter((one) => NOT_MADE.has(one.reason) && isMadeFor(one, object)))[0]?.message;
  // The condition keeps what was said first, as long as anything fails. Of a Deployment events may be of what it was before.
  const message = kind !== "Deployment" || failed?.status === "True" ? (told ?? failed?.message) : undefined;
  if (message === undefined) {
    const end = kind === "Job" ? condition(owner, "Failed") : undefined;
    if (end?.status !== "True") return [];
    const detail = plain(`it has failed: ${end.message ?? end.reason ?? ""}`);
    return [{ stage: "crashes", object, detail, remedy: "take it out of Git, or give it another name, and mend it" }];
  }
  if (LATE.test(message))
    return [
      { stage: "not answered", object, detail: plain(`its pods are not made: ${message}`), remedy: REMEDY_OF_LATE },
    ];
  const rule = RULE.exec(message)?.[1];
  const quota = /exceeded quota: (.*)$/.exec(message);
  return [
    {
      stage: "refused",
      object,
      detail: plain(quota ? `its pods are refused: ${quota[0]}` : `its pods are refused: ${message}`),
      remedy: quota ? "ask for less, or raise the namespace's quota in Git" : "mend what it names",
      at: podPath(kind),
      ...(rule === undefined ? {} : { rule }),
    },
  ];
}

const isAbout = ({ involvedObject }: Event, { kind, namespace, name }: ObjectName): boolean =>
  involvedObject.kind === kind && involvedObject.name === name && (involvedObject.namespace ?? "") === namespace;

/** Pods of a Deployment are made for its ReplicaSets, whose names end in a hash. */
const isMadeFor = (event: Event, object: ObjectName): boolean =>
  object.kind === "Deployment"
    ? /^[a-z0-9]+$/.test(event.involvedObject.name.slice(object.name.length + 1)) &&
      isAbout(event, { ...object, kind: "ReplicaSet", name: event.involvedObject.name }) &&
      event.involvedObject.name.startsWith(`${object.name}-`)
    : isAbout(event, object);

const podPath = (kind: string): string => (kind === "Pod" ? "spec" : "spec.template.spec");

function ownerOf({ metadata }: Pod): ObjectName {
  const namespace = metadata.namespace ?? "";
  const [owner] = metadata.ownerReferences ?? [];
  if (!owner) return { kind: "Pod", namespace, name: metadata.name };
  const hash = metadata.labels?.["pod-template-hash"];
  if (owner.kind === "ReplicaSet" && hash && owner.name.endsWith(`-${hash}`))
    return { kind: "Deployment", namespace, name: owner.name.slice(0, -hash.length - 1) };
  return { kind: owner.kind, namespace, name: owner.name };
}

function ofPod(pod: Pod, all: readonly Event[]): Finding[] {
  const { metadata, spec, status } = pod;
  const object = ownerOf(pod);
  const base = podPath(object.kind);
  const events = newestFirst(
    all.filter((one) => isAbout(one, { kind: "Pod", namespace: metadata.namespace ?? "", name: metadata.name })),
  );
  const scheduled = condition(pod, "PodScheduled");
  if (scheduled?.status === "False") {
    const detail = plain(scheduled.message ?? scheduled.reason ?? "");
    return [{ stage: "not scheduled", object, detail, remedy: remedyOfScheduling(detail), at: base }];
  }
  if (status?.phase === "Failed" && object.kind !== "Job") {
    const detail = plain(`${metadata.name} was ended: ${status.reason ?? ""} ${status.message ?? ""}`);
    return [{ stage: "crashes", object, detail, remedy: "a node that is short of what it names ends pods: free it" }];
  }
  const parts: [string, Container[], ContainerStatus[]][] = [
    ["initContainers", spec?.initContainers ?? [], status?.initContainerStatuses ?? []],
    ["containers", spec?.containers ?? [], status?.containerStatuses ?? []],
  ];
  const found = parts.flatMap(([field, containers, statuses]) =>
    statuses.flatMap((one): Finding[] => {
      const index = containers.findIndex(({ name }) => name === one.name);
      const container = containers[index] ?? { name: one.name };
      const said = ofContainer(pod, container, one, events);
      if (!said) return [];
      const { at, ...rest } = said;
      return [{ object, ...rest, at: `${base}.${field}[${Math.max(0, index)}]${at}` }];
    }),
  );
  if (found.length > 0) return found;
  const before = events.find(({ reason }) => BEFORE_CONTAINERS.has(reason));
  if (!before || (status?.containerStatuses ?? []).some(({ state }) => state?.running)) return [];
  const remedy = /not found/.test(before.message)
    ? "put what is missing into Git beside it; a Secret encrypted, with ./grunnmur sops"
    : "see what the node says: ./grunnmur kubectl describe pod";
  return [{ stage: "not started", object, detail: plain(before.message), remedy, at: base }];
}

type OfContainer = Omit<Finding, "object" | "at"> & { at: string };

function ofContainer(
  { metadata }: Pod,
  container: Container,
  status: ContainerStatus,
  events: readonly Event[],
): OfContainer | undefined {
  const { name, state, lastState, ready, restartCount = 0 } = status;
  const { reason = "", message = "" } = state?.waiting ?? {};
  if (NOT_PULLED.has(reason)) {
    // While it waits for the next try only the event says what the registry answered.
    const told = events.find((one) => one.reason === "Failed" && /pull/.test(one.message))?.message;
    const detail = plain(/: /.test(message) ? message : (told ?? message));
    return { stage: "not pulled", detail, remedy: remedyOfPull(detail), at: ".image" };
  }
  if (NOT_STARTED.has(reason)) {
    const remedy = /not found/.test(message)
      ? "put what is missing into Git beside it; a Secret encrypted, with ./grunnmur sops"
      : "mend what it names";
    const at = /^(secret|configmap) /i.test(message) ? ".env" : "";
    return { stage: "not started", detail: plain(message || reason), remedy, at };
  }
  if (ready || state?.terminated?.exitCode === 0) return undefined;
  const logOf = { namespace: metadata.namespace ?? "", pod: metadata.name, container: name };
  const probed = failedProbe(container, events);
  const ended = state?.terminated ?? lastState?.terminated;
  if (ended && (reason === "CrashLoopBackOff" || state?.terminated || restartCount > 0)) {
    if (probed && probed.field !== "readinessProbe")
      return notReady(probed, { ...logOf, previous: !state?.terminated });
    const times = restartCount > 1 ? `, ${restartCount} times so far` : "";
    const why = ended.reason === "OOMKilled" ? "it used more memory than its limit" : `exit code ${ended.exitCode}`;
    return {
      stage: "crashes",
      detail: plain(`container ${name} ends${times}: ${why}${ended.message ? `: ${ended.message}` : ""}`),
      remedy:
        ended.reason === "OOMKilled"
          ? "raise its limits.memory, or have it use less"
          : "its log says why; mend it there",
      at: ended.reason === "OOMKilled" ? ".resources" : "",
      logOf: { ...logOf, previous: !state?.terminated },
    };
  }
  return probed && probed.times >= probed.threshold ? notReady(probed, { ...logOf, previous: false }) : undefined;
}

interface Probed {
  field: "readinessProbe" | "livenessProbe" | "startupProbe";
  probe: Probe;
  message: string;
  times: number;
  threshold: number;
}

/** The probe that failed last, as the kubelet's events tell it. */
function failedProbe(container: Container, events: readonly Event[]): Probed | undefined {
  const told = events.find(
    ({ reason, involvedObject }) =>
      reason === "Unhealthy" && (involvedObject.fieldPath ?? "").includes(`{${container.name}}`),
  );
  const [, kind, said = ""] =
    /^(Readiness|Liveness|Startup) probe (?:failed|errored)[^:]*: ?([\s\S]*)$/.exec(told?.message ?? "") ?? [];
  if (!told || !kind) return undefined;
  const field = `${kind.toLowerCase()}Probe` as Probed["field"];
  const probe = container[field] ?? {};
  return { field, probe, message: said, times: timesOf(told), threshold: probe.failureThreshold ?? 3 };
}

function notReady({ field, probe, message, times }: Probed, logOf: NonNullable<Finding["logOf"]>): OfContainer {
  const kind = field.replace("Probe", "");
  return {
    stage: "not ready",
    detail: plain(
      `container ${logOf.container}: its ${kind} probe, ${asked(probe)}, failed ${times} times: ${message}`,
    ),
    remedy: "does the program answer there, as soon as the probe asks?",
    at: `.${field}`,
    logOf,
  };
}

function asked({ httpGet, tcpSocket, grpc, exec }: Probe): string {
  if (httpGet) return `GET ${httpGet.path ?? "/"} on port ${httpGet.port}`;
  if (tcpSocket) return `a connection to port ${tcpSocket.port}`;
  if (grpc) return `gRPC on port ${grpc.port}`;
  return `the command ${(exec?.command ?? []).join(" ")}`;
}

function remedyOfScheduling(said: string): string {
  if (/Insufficient/.test(said)) return "ask for less than a worker has, or add a worker to the stack file";
  if (/PersistentVolumeClaim/.test(said)) return "its volume is not there: ./grunnmur kubectl describe pvc";
  if (/node affinity|node selector/.test(said)) return "no node has the labels that it asks for";
  return "see what the nodes have: ./grunnmur kubectl describe nodes";
}

function remedyOfPull(said: string): string {
  if (/not found|manifest unknown/i.test(said))
    return "the registry has no such image: was it pushed, and is the tag the commit that CI built?";
  if (/unauthorized|denied|forbidden|401|403/i.test(said))
    return "the registry refuses the nodes: ./grunnmur up renews what they show it";
  if (/InvalidImageName|couldn't parse|invalid reference/i.test(said)) return "correct the image's name";
  return "does the registry answer? ./grunnmur status";
}
