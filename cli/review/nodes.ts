import { consequences } from "../../stacks/changes";
import type { Node, Stack } from "../../stacks/stack";
import type { Step } from "./steps";

/** A node whose machine goes or is made anew. */
export interface TouchedNode {
  name: string;
  role: Node["role"];
  site: string;
  what: "removed" | "made anew";
  /** What goes with its disks, where somebody has to agree to that. */
  loss?: string;
  /** What becomes of what runs on it and lies on it, as far as a stack knows. */
  also: string[];
}

/** Nodes that go, and nodes whose disk or machine is replaced, in the order of the deployed stack. */
export function touchedNodes(deployed: Stack, wanted: Stack, steps: readonly Step[]): TouchedNode[] {
  const { losses } = consequences(deployed, wanted);
  const anew = new Set(
    steps.flatMap(({ operation, name }) =>
      operation === "replace" ? (/^(.+)-(?:disk|domain)$/.exec(name)?.[1] ?? []) : [],
    ),
  );
  return deployed.nodes.flatMap((node): TouchedNode[] => {
    const stays = wanted.nodes.some(({ name }) => name === node.name);
    if (stays && !anew.has(node.name)) return [];
    const loss = losses.find(({ name }) => name === node.name)?.what;
    return [
      {
        name: node.name,
        role: node.role,
        site: node.site.name,
        what: stays ? "made anew" : "removed",
        ...(loss && { loss }),
        also: [...aboutPods(node, deployed, wanted, anew), ...aboutCopies(node, deployed)],
      },
    ];
  });
}

function aboutPods(node: Node, deployed: Stack, wanted: Stack, anew: ReadonlySet<string>): string[] {
  if (node.role === "registry") return ["No image is pulled while it is away; what runs goes on."];
  if (node.role === "control-plane") return ["etcd has a member fewer meanwhile."];
  const others = deployed.nodes.filter(
    ({ name, role }) => role === "worker" && name !== node.name && wanted.nodes.some((is) => is.name === name),
  );
  const where = others.map(({ name }) => (anew.has(name) ? `${name} (made anew too)` : name)).join(", ");
  return [
    `Its pods move to ${where || "no other worker: there is none"}; which they are, the cluster knows and a state does not.`,
  ];
}

function aboutCopies(node: Node, { backups }: Stack): string[] {
  return backups
    .filter(({ host }) => host === node.name || host === node.address)
    .map(({ of, retentionDays }) => `Copies of ${of} that lie on it, of up to ${retentionDays} days, go with it.`);
}
