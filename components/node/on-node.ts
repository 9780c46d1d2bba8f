import { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { type File, payload } from "../payload";
import { script } from "../script";
import type { Node } from "./node";

/** Where a script runs. `ready` is absent for the measurement that makes a machine a node. */
export type Host = Pick<Node, "sshUser" | "connection" | "machine"> & Partial<Pick<Node, "ready">>;

/** One desired state of a node, and the script that brings it about. */
export interface NodeScript {
  /** Path below `components/`, such as `node/scripts/preflight.sh`. */
  script: string;
  /** Path of the script that takes the state back when the resource is deleted; absent where nothing has to be. */
  remove?: string;
  /** Standard input: files as one base64 tar archive, which is a secret, or a text that holds none and shows in a preview. */
  input?: pulumi.Input<File[]> | string;
  /** What else than another machine makes the state anew: a change replaces the resource, where other changes update it. */
  triggers?: pulumi.Input<unknown>[];
  /**
   * It asks something that others may change, and so runs in every `up`, though nothing here has changed. A preview does not
   * count that as a change.
   */
  always?: boolean;
  /** Its output is a value and not a report: only standard error is shown. */
  quiet?: boolean;
}

export type ScriptOptions = Omit<pulumi.CustomResourceOptions, "dependsOn"> & { dependsOn?: pulumi.Resource[] };

/**
 * Runs a script on a node as root. The one way in which the program changes a node: it waits until the node is fit for use,
 * and runs again on a machine that was made anew.
 */
export function onNode(name: string, host: Host, what: NodeScript, opts: ScriptOptions): remote.Command {
  const run = asRoot(host, `${alone(name)}${script(what.script)}`);
  const hidden = what.always && pulumi.runtime.isDryRun() ? ["update"] : [];
  return new remote.Command(
    name,
    {
      connection: host.connection,
      create: run,
      ...(what.always ? { update: `# ${new Date().toISOString()}\n${run}` } : {}),
      ...(what.remove ? { delete: asRoot(host, `${alone(name)}${script(what.remove)}`) } : {}),
      ...(what.input === undefined ? {} : { stdin: standardInput(what.input) }),
      // sshd accepts no variables from the official plugin, which would warn of each.
      addPreviousOutputInEnv: false,
      triggers: [host.machine, ...(what.triggers ?? [])],
      ...(what.quiet ? { logging: "stderr" } : {}),
    },
    {
      ...opts,
      ignoreChanges: [...(opts.ignoreChanges ?? []), ...hidden],
      dependsOn: [...(host.ready ? [host.ready] : []), ...(opts.dependsOn ?? [])],
    },
  );
}

/** A run that was cut off goes on at its node: the next one waits for it, and does not work beside it. */
function alone(name: string): string {
  const busy = `an earlier run of ${name} has been at work on this machine for half an hour: see there what it waits for, with ps`;
  return `exec 8>/run/grunnmur-${name}.lock; flock -w 1800 8 || { echo "${busy}" >&2; exit 1; }\n`;
}

function standardInput(input: pulumi.Input<File[]> | string): pulumi.Input<string> {
  return typeof input === "string" ? input : pulumi.secret(pulumi.output(input).apply(payload));
}

/** The script as the node's SSH user runs it: sudo keeps its standard input, and fails rather than ask for a password. */
export function asRoot({ sshUser }: Pick<Node, "sshUser">, text: string): string {
  // Root's login shell may be any: bash is named.
  const run = `/bin/bash -c '${text.replaceAll("'", "'\\''")}'`;
  return sshUser === "root" ? `exec ${run}` : `exec sudo -n -H ${run}`;
}
