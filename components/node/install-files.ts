import type { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { File } from "../payload";
import type { Node } from "./node";
import { onNode, type ScriptOptions } from "./on-node";

/** A systemd unit that is enabled, and restarted when a file under `watches` changed. */
export interface Unit {
  name: string;
  /** Prefix of absolute paths. */
  watches: string;
  /** It is reloaded, and not restarted, where it can read its files again without an interruption. */
  reload?: true;
}

/** One desired state of a node: these files and no longer named ones gone, read by these units. The files travel as a secret. */
export function installFiles(
  name: string,
  node: Node,
  files: pulumi.Input<File[]>,
  units: Unit[],
  opts: ScriptOptions,
): remote.Command {
  const list = units.map((unit) => `${unit.name} ${unit.watches} ${unit.reload ? "reload" : "restart"}\n`).join("");
  const input = pulumi
    .output(files)
    .apply((all) => [...all, { path: ".name", content: `${name}\n` }, { path: ".units", content: list }]);
  return onNode(name, node, { script: "node/scripts/install-files.sh", input }, opts);
}
