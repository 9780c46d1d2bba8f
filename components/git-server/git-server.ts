import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import type { Node } from "../node/node";
import { onNode } from "../node/on-node";
import type { File } from "../payload";

export interface GitServerArgs {
  /** The node that serves. */
  node: Node;
  /** The public key that may fetch the configuration repository, and nothing else. */
  readerKey: pulumi.Input<string>;
  /** The public key that may fetch and push everything. */
  writerKey: pulumi.Input<string>;
  /** First commit of the configuration repository, `config`; paths are relative. */
  configFiles: File[];
  /** Further repositories: name to the path of a Git bundle with their first commit. */
  bundles: Record<string, string>;
}

/** Plain Git over SSH on a node, for environments that have no Git host of their own. */
export class GitServer extends pulumi.ComponentResource {
  /** Depend on this: the repositories have their first commits. */
  readonly ready: pulumi.Resource;

  constructor(name: string, args: GitServerArgs, opts?: pulumi.ComponentResourceOptions) {
    const { node, configFiles, bundles } = args;
    const repositories = ["config", ...Object.keys(bundles)];
    super("grunnmur:git-server:GitServer", name, { node: node.name, site: node.site, repositories }, opts);
    const input = pulumi.all([args.readerKey, args.writerKey]).apply(([reader, writer]) => [
      { path: "reader.pub", content: reader },
      { path: "writer.pub", content: writer },
      { path: "repositories", content: repositories.map((repository) => `${repository}\n`).join("") },
      ...configFiles.map((file) => ({ ...file, path: `seed/config/${file.path}` })),
      ...Object.entries(bundles).map(([repository, path]) => ({
        path: `${repository}.bundle.b64`,
        content: readFileSync(path).toString("base64"),
      })),
    ]);
    this.ready = onNode(
      `${name}-repositories`,
      node,
      { script: "git-server/scripts/git-server.sh", input },
      { parent: this },
    );
    this.registerOutputs({ repositories });
  }
}
