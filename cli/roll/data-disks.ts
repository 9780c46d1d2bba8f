import type { Node, Stack } from "../../stacks/stack";
import type { Outputs } from "../pulumi/outputs";

/** Nodes that were seen to use a data disk. One that is only declared holds nothing yet. */
export function withDataDisk(outputs: Outputs | undefined): Set<string> {
  const measured = Object.entries(outputs?.measured ?? {});
  return new Set(measured.filter(([, { dataDiskGiB }]) => dataDiskGiB !== undefined).map(([name]) => name));
}

/** Whether the data of a node outlives its machine. */
export function keepsData(node: Node, dataDisks: ReadonlySet<string>): boolean {
  return node.kind === "libvirt" && node.dataDiskGiB !== undefined && dataDisks.has(node.name);
}

/** Names of the nodes whose data, of which nothing else has a copy, goes with their machine. */
export function atRisk(stack: Stack, dataDisks: ReadonlySet<string>): Set<string> {
  const holds = ({ role }: Node) => role === "registry" || (role === "worker" && stack.storage.enabled);
  return new Set(stack.nodes.filter((node) => holds(node) && !keepsData(node, dataDisks)).map(({ name }) => name));
}
