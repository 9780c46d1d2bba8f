import type { Node } from "../../stacks/stack";
import type { NodeRuns } from "../status/nodes";
import type { MadeFrom } from "./made-from";

/** Versions of what is newest here. */
export interface Newest {
  /** Such as `v1.36.4`. */
  kubernetes: string;
  /** Key of the golden image. */
  image: string;
  /** The day of its Debian packages, ISO 8601. */
  debian: string;
}

/** What `upgrade` would do, and `--json` prints. */
export interface Plan {
  stack: string;
  /** The control plane's version of Kubernetes, now and afterwards. */
  kubernetes: { from: string; to: string };
  nodes: Step[];
  /** Why nothing can be upgraded now. */
  refusals: string[];
}

export interface Step {
  name: string;
  role: Node["role"];
  /** Absent for the registry's node, which is none of the cluster's, and for one that is not there. */
  runs: NodeRuns | null;
  /** `in place`: Kubernetes alone. `anew`: its machine, from the newest image. */
  does: ("in place" | "anew")[];
  /** What is behind; empty where nothing is. */
  why: string;
  /** Why its machine stays, though it is behind. */
  stays: string | null;
  /** For what runs there. */
  means: string;
}

export interface Facts {
  stack: string;
  nodes: Pick<Node, "name" | "role" | "kind">[];
  /** Names of the nodes whose data goes with their machine. */
  atRisk: ReadonlySet<string>;
  made: MadeFrom;
  /** By the node's name; of the cluster's nodes. */
  runs: Map<string, NodeRuns>;
  newest: Newest;
  /** Nodes whose loss somebody accepts by name. */
  acceptLoss?: readonly string[];
}

export function planOf({ stack, nodes, atRisk, made, runs, newest, acceptLoss = [] }: Facts): Plan {
  const from = made.kubernetes ?? newest.kubernetes;
  const alone = nodes.filter(({ role }) => role === "control-plane").length === 1;
  const step = ({ name, role, kind }: Facts["nodes"][number]): Step => {
    const now = runs.get(name) ?? null;
    const image = made.disks.get(name)?.image;
    // The state has the new version from the moment on in which the first control plane is given it; a kubelet follows last.
    const behind = role === "control-plane" && (from !== newest.kubernetes || now?.kubelet !== newest.kubernetes);
    const old = kind === "existing" ? role === "worker" && now?.kubelet !== newest.kubernetes : image !== newest.image;
    const stays = old ? reasonToStay(name, role, kind, alone, !atRisk.has(name) || acceptLoss.includes(name)) : null;
    const anew = old && stays === null;
    const what =
      kind === "existing"
        ? `its kubelet is ${now?.kubelet ?? "not known"}`
        : `its image is ${image ?? "not known"}, the newest ${newest.image} with Debian of ${newest.debian}`;
    return {
      name,
      role,
      runs: now,
      does: [...(behind ? (["in place"] as const) : []), ...(anew ? (["anew"] as const) : [])],
      why: [...(behind ? [`Kubernetes ${now?.kubelet ?? from}`] : []), ...(old ? [what] : [])].join("; "),
      stays,
      means: anew ? MEANS[role] : behind ? "its API server is away for a moment" : "",
    };
  };
  const steps = nodes.map(step).sort((a, b) => place(a) - place(b) || (a.name < b.name ? -1 : 1));
  return { stack, kubernetes: { from, to: newest.kubernetes }, nodes: steps, refusals: refusals(steps, from, newest) };
}

/** Control planes go first: no kubelet may be newer than the API server that it talks to. */
const place = ({ role }: Step): number => ["control-plane", "worker", "registry"].indexOf(role);

function reasonToStay(
  name: string,
  role: Node["role"],
  kind: Node["kind"],
  alone: boolean,
  mayGo: boolean,
): string | null {
  if (kind === "existing") return "grunnmur did not make this machine: install it anew yourself";
  if (role === "control-plane" && alone) {
    return "it is the only control plane, and the cluster is what is on its disk: add two others first";
  }
  if (!mayGo) return `its disk has ${role === "registry" ? "what CI pushed" : "volumes"}: --accept-loss ${name}`;
  return null;
}

const MEANS: Record<Node["role"], string> = {
  "control-plane": "the other control planes serve meanwhile",
  worker: "its pods move to the other workers first, by their budgets; its disk goes",
  registry: "running pods stay, and new ones wait for their images; what is on no data disk goes",
};

/** True where something would be done. */
export function hasWork({ nodes }: Plan): boolean {
  return nodes.some(({ does }) => does.length > 0);
}

function refusals(steps: Step[], from: string, { kubernetes: to }: Newest): string[] {
  const found: string[] = [];
  const [have, want] = [parts(from), parts(to)];
  if (compare(want, have) < 0) {
    found.push(
      `the cluster runs Kubernetes ${from}, and this grunnmur brings ${to}: no older version is put in place of a newer one. Use the grunnmur that brought ${from}, or a newer one`,
    );
  } else if (have.major !== want.major || want.minor - have.minor > 1) {
    found.push(
      `the cluster runs Kubernetes ${from}, and this grunnmur brings ${to}: Kubernetes goes one minor version at a time. Upgrade with a grunnmur that brings v${have.major}.${have.minor + 1} first`,
    );
  }
  for (const { name, role, runs } of steps) {
    if (role === "registry") continue;
    if (!runs) {
      // A worker may wait for the newer version: its machine was made from the newest image, and may not join before.
      if (role === "control-plane") found.push(`${name} is no Node of the cluster: ./grunnmur up makes it one`);
      continue;
    }
    if (!runs.ready) found.push(`${name} is not ready: mend it first, or ./grunnmur replace ${name}`);
    // https://kubernetes.io/releases/version-skew-policy/#kubelet
    if (want.minor - parts(runs.kubelet).minor > 3) {
      found.push(
        `${name} runs a kubelet of ${runs.kubelet}, more than three minor versions behind ${to}: replace it first`,
      );
    }
  }
  return found;
}

interface Version {
  major: number;
  minor: number;
  patch: number;
}

function parts(version: string): Version {
  const [major = 0, minor = 0, patch = 0] = version.replace(/^v/, "").split(/[.+-]/).map(Number);
  return { major, minor, patch };
}

const compare = (a: Version, b: Version): number => a.major - b.major || a.minor - b.minor || a.patch - b.patch;
