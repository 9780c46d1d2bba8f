import { remote, type types } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { script } from "../script";
import { asRoot } from "./as-root";
import type { Measured, PreflightLimits } from "./node";

export interface PreflightArgs {
  sshUser: string;
  connection: types.input.remote.ConnectionArgs;
  memoryMiB: number;
  cores: number;
  limits: PreflightLimits;
  /** Changes when the machine was made anew, so that it is measured again. */
  machine: pulumi.Input<string>;
}

/** Measures a node before it is trusted; its first connection waits for the node's boot. */
export function preflight(
  name: string,
  args: PreflightArgs,
  opts: pulumi.CustomResourceOptions,
): { resource: remote.Command; measured: pulumi.Output<Measured> } {
  const { connection, memoryMiB, cores, limits, machine } = args;
  const resource = new remote.Command(
    name,
    {
      connection,
      create: asRoot(args, script("node/scripts/preflight.sh")),
      stdin: [
        `fsync_limit_ms=${limits.fsyncP99Milliseconds}`,
        `steal_limit_percent=${limits.stealPercent}`,
        `declared_memory_mib=${memoryMiB}`,
        `declared_cores=${cores}`,
        `fsync_writes=${limits.thorough ? 4000 : 400}`,
        `settle=${limits.thorough ? 1 : 0}`,
        "",
      ].join("\n"),
      triggers: [machine],
      logging: "stderr",
    },
    opts,
  );
  // The figures are no secret, though the connection that fetched them is.
  const measured = pulumi.unsecret(resource.stdout).apply((text) => JSON.parse(text) as Measured);
  return { resource, measured };
}
