import type { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { Measured, PreflightLimits } from "./node";
import { type Host, onNode, type ScriptOptions } from "./on-node";

export interface PreflightArgs extends Host {
  memoryMiB: number;
  cores: number;
  /** Of a guest, whose filesystem fills its disk when that has grown. */
  diskGiB?: number;
  /** Of a guest that has one: it must be in use before the node is given work. */
  dataDiskGiB?: number;
  limits: PreflightLimits;
}

/** Measures a node before it is trusted; its first connection waits for the node's boot. */
export function preflight(
  name: string,
  args: PreflightArgs,
  opts: ScriptOptions,
): { resource: remote.Command; measured: pulumi.Output<Measured> } {
  const { memoryMiB, cores, diskGiB, dataDiskGiB, limits } = args;
  const input = [
    `fsync_limit_ms=${limits.fsyncP99Milliseconds}`,
    `steal_limit_percent=${limits.stealPercent}`,
    `declared_memory_mib=${memoryMiB}`,
    `declared_cores=${cores}`,
    `fsync_writes=${limits.thorough ? 4000 : 400}`,
    // The size has no other use than that another one is an update.
    ...(diskGiB ? ["grow=1", `declared_disk_gib=${diskGiB}`] : []),
    ...(dataDiskGiB ? [`declared_data_disk_gib=${dataDiskGiB}`] : []),
    `settle=${limits.thorough ? 1 : 0}`,
    "",
  ].join("\n");
  const resource = onNode(name, args, { script: "node/scripts/preflight.sh", input, quiet: true }, opts);
  // The figures are no secret, though the connection that fetched them is.
  const measured = pulumi.unsecret(resource.stdout).apply((text) => JSON.parse(text) as Measured);
  return { resource, measured };
}
