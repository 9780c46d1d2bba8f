import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import type { Certificate } from "../keys/certificates";
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
  /** Branch of the configuration repository that the environment follows; a new one starts where the old one stands. */
  branch: string;
  /** First commit of the configuration repository, `config`; paths are relative. */
  configFiles: pulumi.Input<File[]>;
  /** Further repositories: name to the path of a Git bundle with their first commit. */
  bundles: Record<string, string>;
}

/** The agent that is told of pushes, and as whom. */
export interface NoticeArgs {
  /** Addresses of the API servers, which are asked in this order. */
  servers: string[];
  /** PEM of the authority that signed the API servers' certificates. */
  caPem: pulumi.Input<string>;
  /** May set the one annotation that says so (agent/files/push-notice.yaml); a secret. */
  client: pulumi.Input<Certificate>;
  /** How often the agent looks by itself, which a person is told where it cannot be reached. */
  intervalSeconds: number;
}

/** Plain Git over SSH on a node, for environments that have no Git host of their own. */
export class GitServer extends pulumi.ComponentResource {
  /** Depend on these: the repositories have their first commits. */
  readonly ready: pulumi.Resource[];
  private readonly node: Node;

  constructor(name: string, args: GitServerArgs, opts?: pulumi.ComponentResourceOptions) {
    const { node, branch, configFiles, bundles } = args;
    const branches: [string, string][] = [["config", branch], ...Object.keys(bundles).map(onMain)];
    const repositories = branches.map(([repository]) => repository);
    super("grunnmur:git-server:GitServer", name, { node: node.name, site: node.site, repositories, branch }, opts);
    this.node = node;
    const input = pulumi.all([args.readerKey, args.writerKey]).apply(([reader, writer]) => [
      { path: "reader.pub", content: reader },
      { path: "writer.pub", content: writer },
      { path: "repositories", content: branches.map((line) => `${line.join(" ")}\n`).join("") },
    ]);
    const serving = onNode(
      `${name}-repositories`,
      node,
      { script: "git-server/scripts/git-server.sh", remove: "git-server/scripts/stop-serving.sh", input },
      {
        parent: this,
        // A machine that goes takes its keys along, and one made anew answers at the same address: what is stopped there
        // must not be what was just started.
        deletedWith: node.ready,
        deleteBeforeReplace: true,
      },
    );
    const firsts = [
      { repository: "config", content: pulumi.output(configFiles).apply((files) => files.map(inSeed)) },
      ...Object.entries(bundles).map(([repository, path]) => ({ repository, content: pulumi.output([bundle(path)]) })),
    ];
    this.ready = firsts.map(({ repository, content }) =>
      onNode(
        `${name}-first-commit-${repository}`,
        node,
        {
          script: "git-server/scripts/first-commit.sh",
          input: content.apply((files) => [{ path: "repository", content: repository }, ...files]),
        },
        // Given once: another scaffold later on is no change of a repository that people work in.
        { parent: this, dependsOn: [serving], ignoreChanges: ["create", "stdin"] },
      ),
    );
    this.registerOutputs({ repositories });
  }

  /** Tells the agent of each push to the configuration repository's branch. */
  notify(name: string, { servers, caPem, client, intervalSeconds }: NoticeArgs, dependsOn: pulumi.Resource[]): void {
    const input = pulumi.all([caPem, client]).apply(([ca, { certificate, privateKey }]) => [
      { path: "ca.pem", content: ca },
      { path: "client.pem", content: certificate },
      { path: "client.key", content: privateKey, mode: 0o600 },
      { path: "servers", content: servers.map((address) => `${address}\n`).join("") },
      { path: "seconds", content: `${intervalSeconds}\n` },
    ]);
    onNode(
      name,
      this.node,
      { script: "git-server/scripts/push-notice.sh", remove: "git-server/scripts/stop-notice.sh", input },
      {
        parent: this,
        dependsOn: [...this.ready, ...dependsOn],
        deletedWith: this.node.ready,
        deleteBeforeReplace: true,
      },
    );
  }
}

const inSeed = (file: File): File => ({ ...file, path: `seed/${file.path}` });

function onMain(repository: string): [string, string] {
  return [repository, "main"];
}

function bundle(path: string): File {
  return { path: "bundle", content: readFileSync(path).toString("base64") };
}
