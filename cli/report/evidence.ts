import type { Commit } from "../change/cause";
import type { Ending } from "../review/endings";
import type { Act } from "./history";
import type { Administrator, Copies, Destination, RegisterSite } from "./register";
import type { RuleResult } from "./rules";
import type { Program } from "./software";

/** What was found of an environment, for who has to answer for it. The JSON form of a report; `version` counts its shapes. */
export interface Evidence {
  version: 1;
  stack: string;
  environment: string;
  /** Where data may be, as was promised, and whether nodes hold to what is declared or only count. */
  locality: { profile: string; egress: string };
  /** When it was gathered, ISO 8601 in UTC. */
  at: string;
  /** Of grunnmur. */
  by: string;
  /** Whether there is an environment, or a description of one only. */
  deployed: boolean;
  /** What could not be established, and why. */
  unknown: { what: string; why: string }[];
  sites: RegisterSite[];
  nodes: ReportedNode[];
  destinations: Destination[];
  administration: Administrator[];
  copies: Copies[];
  /** Names that are answered for from outside, at which addresses, and which namespaces may. */
  wayIn: { hosts: { name: string; namespaces: string[] }[]; addresses: string[] } | null;
  git: ReportedGit;
  registry: { host: string; node: string; repositories: number | null };
  /** What a node must have been found to hold before it was given work. */
  limits: { fsyncP99Milliseconds: number; stealPercent: number };
  /** What a preview says of the stack file as it stands; null where there was none. */
  preview: { verdict: string; reasons: string[] } | null;
  rules: RuleResult[];
  exceptions: { rule: string; object: string; reason: string; who: string; until: string }[];
  /** Of entries and authorities that end within 30 days. */
  endings: Ending[];
  certificates: { of: string; ends: string }[];
  software: Program[];
  /** Of the configuration repository, the newest first. */
  commits: Commit[];
  /** What people and tools wrote past Git, the newest first; null where no audit log was read. */
  acts: Act[] | null;
  /** The oldest entry of the audit logs that were read. */
  actsSince: string | null;
}

export interface ReportedNode {
  name: string;
  role: string;
  site: string;
  hypervisor: string | null;
  address: string;
  /** null where that is not known. */
  ready: boolean | null;
  kubelet: string | null;
  containerd: string | null;
  kernel: string | null;
  image: string | null;
  /** Day of its packages. */
  debian: string | null;
  /** How its disks are said to be encrypted. */
  diskEncryption: string | null;
  measured: Measured | null;
}

/** Of older environments some figure may be missing. */
export interface Measured {
  fsyncP99Milliseconds?: number;
  writeIops?: number;
  stealPercent?: number;
  memoryMiB?: number;
  cores?: number;
}

export interface ReportedGit {
  repository: string;
  branch: string;
  path: string;
  host: string;
  head: string | null;
  applied: string | null;
  readOnlyKey: boolean | null;
}
