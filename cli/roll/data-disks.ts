import type { Node } from "../../stacks/stack";
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
