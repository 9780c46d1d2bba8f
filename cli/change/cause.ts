/** Where a change stopped, in the order in which it passes them. */
export const STAGES = [
  "suspended",
  "not fetched",
  "not built",
  "not answered",
  "refused",
  "not acted on",
  "not scheduled",
  "not pulled",
  "not started",
  "crashes",
  "not ready",
] as const;

export type Stage = (typeof STAGES)[number];

/** Why something of what Git says does not run. Texts are plain: nothing in them moves a terminal's cursor. */
export interface Cause {
  stage: Stage;
  /** What it is about; null where that is no one object. */
  object: ObjectName | null;
  /** What the agent, the API server, the scheduler, the kubelet or the registry said. */
  detail: string;
  /** Last lines of the container's log, the newest last; empty where it is not about one. */
  log: string[];
  /** Where it is written in the configuration repository; null where that is not known. */
  file: string | null;
  /** 1-based. */
  line: number | null;
  /** The last commit that changed the file, or else the one that the agent tried; null where Git was not read. */
  commit: Commit | null;
  remedy: string;
}

export interface ObjectName {
  kind: string;
  /** "" for what belongs to none. */
  namespace: string;
  name: string;
}

export interface Commit {
  sha: string;
  subject: string;
  author: string;
  /** ISO 8601 */
  date: string;
}

/** A cause before Git was read. */
export interface Finding {
  stage: Stage;
  object: ObjectName | null;
  detail: string;
  remedy: string;
  /** The place inside the object, such as `spec.template.spec.containers[0].image`. */
  at?: string;
  /** A rule of ours that has refused it. */
  rule?: string;
  /** The revision that it is about, such as `main@sha1:…`. */
  revision?: string;
  /** The file, as the object in the cluster says it: from the folder that the agent applies. */
  origin?: string;
  /** The container whose log tells more. */
  logOf?: { namespace: string; pod: string; container: string; previous: boolean };
}

export const nameOf = ({ kind, namespace, name }: ObjectName): string =>
  `${kind} ${namespace ? `${namespace}/` : ""}${name}`;
