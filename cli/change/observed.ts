/** The parts of Kubernetes' and Flux's objects that are read here. */
export interface Described {
  metadata: {
    name: string;
    namespace?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    creationTimestamp?: string;
    deletionTimestamp?: string;
    generation?: number;
    ownerReferences?: { kind: string; name: string }[];
  };
  status?: { conditions?: Condition[] };
}

export interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
}

export interface Deployment extends Described {
  spec: {
    replicas: number;
    selector: { matchLabels?: Record<string, string> };
    template: { spec: { containers: { image: string }[] } };
  };
  status?: Described["status"] & { readyReplicas?: number };
}

export interface Pod extends Described {
  spec?: { nodeName?: string; containers?: Container[]; initContainers?: Container[] };
  status?: Described["status"] & {
    phase?: string;
    reason?: string;
    message?: string;
    containerStatuses?: ContainerStatus[];
    initContainerStatuses?: ContainerStatus[];
  };
}

export interface Container {
  name: string;
  image?: string;
  readinessProbe?: Probe;
  livenessProbe?: Probe;
  startupProbe?: Probe;
}

export interface Probe {
  httpGet?: { path?: string; port: number | string };
  tcpSocket?: { port: number | string };
  grpc?: { port: number };
  exec?: { command?: string[] };
  failureThreshold?: number;
}

export interface ContainerStatus {
  name: string;
  image?: string;
  imageID: string;
  ready?: boolean;
  restartCount?: number;
  state?: ContainerState;
  lastState?: ContainerState;
}

interface ContainerState {
  waiting?: { reason?: string; message?: string };
  running?: object;
  terminated?: { exitCode: number; reason?: string; message?: string };
}

export interface GitRepository extends Described {
  spec?: { suspend?: boolean; url?: string };
  status?: Described["status"] & { artifact?: { revision: string } };
}

export interface Kustomization extends Described {
  spec?: { suspend?: boolean };
  status?: Described["status"] & {
    lastAppliedRevision?: string;
    lastAttemptedRevision?: string;
    /** The last round first. */
    history?: { lastReconciledStatus: string }[];
  };
}

/** A Kubernetes event. */
export interface Event {
  metadata: { creationTimestamp?: string; annotations?: Record<string, string> };
  involvedObject: { kind: string; namespace?: string; name: string; fieldPath?: string };
  reason: string;
  message: string;
  count?: number;
  series?: { count: number };
  lastTimestamp?: string | null;
  eventTime?: string | null;
}

export interface List<T> {
  items: T[];
}

export const condition = (object: Described | undefined, type: string): Condition | undefined =>
  object?.status?.conditions?.find((one) => one.type === type);

export const isReady = (object: Described | undefined): boolean => condition(object, "Ready")?.status === "True";

/** Namespaces of the platform itself. */
export const isSystem = (namespace: string): boolean => namespace === "flux-system" || namespace.startsWith("kube-");

const timeOf = ({ lastTimestamp, eventTime, metadata }: Event): string =>
  lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? "";

/** Times are of one API server: as texts they sort by age. */
export const newestFirst = (events: readonly Event[]): Event[] =>
  [...events].sort((a, b) => timeOf(b).localeCompare(timeOf(a)));

export const timesOf = ({ count, series }: Event): number => series?.count ?? count ?? 1;
