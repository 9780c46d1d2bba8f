import { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { type File, payload } from "../payload";
import { script } from "../script";
import { asRoot } from "./as-root";
import type { Node } from "./node";

/** A systemd unit that is enabled, and restarted when a file under `watches` changed. */
export interface Unit {
  name: string;
  /** Prefix of absolute paths. */
  watches: string;
}

/** One desired state of a node: these files, read by these units. The files travel as a secret. */
export function installFiles(
  name: string,
  node: Node,
  files: pulumi.Input<File[]>,
  units: Unit[],
  opts: pulumi.CustomResourceOptions,
): remote.Command {
  const list = units.map((unit) => `${unit.name} ${unit.watches}\n`).join("");
  const stdin = pulumi.output(files).apply((all) => payload([...all, { path: ".units", content: list }]));
  return new remote.Command(
    name,
    {
      connection: node.connection,
      create: asRoot(node, script("node/scripts/install-files.sh")),
      stdin: pulumi.secret(stdin),
      triggers: [node.ready.id],
    },
    opts,
  );
}
