import type { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { type Access, fromHere } from "../cluster/from-here";
import type { AgeKey } from "../keys/age";
import type { SshKey } from "../keys/ssh";
import { KubernetesObject, parse } from "../kubernetes/manifest";
import { secretManifest } from "../kubernetes/secret";
import type { Node } from "../node/node";
import { onNode } from "../node/on-node";
import { paceOf } from "../pace";
import { script } from "../script";
import { agentNamespace, type ControllerImages, controllers } from "./controllers";
import { type GitHost, registerDeployKey } from "./deploy-key";
import { ageKeysSecret, deployKeySecret, knownHost, type SyncArgs, syncObjects } from "./sync";

export interface SyncAgentArgs extends SyncArgs {
  stack: string;
  provider: pulumi.ProviderResource;
  /** A node of the cluster, from which the key's rights are proven. */
  node: Node;
  access: Access;
  /** Text of Flux's CRDs. */
  crds: string;
  images: ControllerImages;
  /** Range of the cluster's service addresses. */
  serviceCidr: string;
  /** A fresh key for this cluster; its private half is a secret. */
  deployKey: pulumi.Output<SshKey>;
  /** What Secrets in Git may be encrypted for; secrets. */
  ageKeys: pulumi.Output<AgeKey[]>;
  /** Public SSH host key of the Git host. */
  hostKey: pulumi.Input<string>;
  /** Where the key is registered; absent where the environment serves its own Git. */
  gitHost?: GitHost;
  /** When the registry has the controllers' images. */
  imagesReady: pulumi.Resource[];
  /** When the repository has something to pull. */
  repositoryReady: pulumi.Resource[];
  /** When the cluster judges what is pulled. */
  admissionReady: pulumi.Resource[];
  emulated: boolean;
  /** What takes the whole cluster along when it is deleted; absent where the cluster may outlive the stack. */
  deletedWith?: pulumi.Resource;
}

/** Flux: source- and kustomize-controller, and what they pull. */
export class SyncAgent extends pulumi.ComponentResource {
  /** Public half of the deploy key. */
  readonly deployKey: pulumi.Output<string>;
  /** True once the Git host has let the key fetch and refused its push. */
  readonly readOnly: pulumi.Output<boolean>;
  /** Depend on these: there is a namespace, and there are kinds, for what the agent follows. */
  readonly known: pulumi.Resource[];
  /** Depend on these: the environment's own Git server may tell of a push. */
  readonly takesNotice: pulumi.Resource[];

  constructor(name: string, args: SyncAgentArgs, opts?: pulumi.ComponentResourceOptions) {
    const { repository, branch, path, intervalSeconds, driftSeconds, provider, emulated, deletedWith } = args;
    const gitHost = args.gitHost?.url ?? "registry node";
    super("grunnmur:agent:SyncAgent", name, { repository, branch, path, intervalSeconds, driftSeconds, gitHost }, opts);
    this.deployKey = pulumi.unsecret(args.deployKey.apply((key) => key.publicKey));

    const object = (manifest: object, dependsOn: pulumi.Resource[]) =>
      new KubernetesObject(name, manifest, { parent: this, provider, deletedWith, dependsOn });
    const namespace = object(namespaceManifest, []);
    const definitions = parse(args.crds).map((manifest) => object(manifest, []));
    this.known = [namespace, ...definitions];
    const rights = parse(script("agent/files/rbac.yaml")).map((manifest) => object(manifest, [namespace]));
    // A newer controller is not started before its image can be pulled.
    const before = [...rights, ...definitions, ...args.imagesReady];
    const running = controllers(args.images, args.serviceCidr, emulated).map((manifest) => object(manifest, before));

    const registered = args.gitHost
      ? [registerDeployKey(`${name}-deploy-key`, args.gitHost, args.stack, args.deployKey, { parent: this })]
      : [];
    const proof = this.prove(name, args, [...args.repositoryReady, ...registered]);
    const secrets = [deployKeyManifest(args), ageKeysManifest(args)].map((manifest) => object(manifest, [namespace]));
    // Nothing is pulled with a key that may also push, nor before the rules hold.
    const safe = [...args.admissionReady, ...running, ...definitions, ...secrets, proof];
    const pulling = syncObjects(args).map((manifest) => object(manifest, safe));
    this.firstSync(name, args, pulling);
    const notice = args.gitHost ? [] : parse(script("agent/files/push-notice.yaml"));
    // The certificate that they hold to one annotation is handed out after them.
    this.takesNotice = notice.map((manifest) => object(manifest, pulling));
    this.readOnly = pulumi.unsecret(proof.stdout).apply((text) => text.trim() === "read-only");
    this.registerOutputs({ deployKey: this.deployKey });
  }

  private prove(name: string, args: SyncAgentArgs, dependsOn: pulumi.Resource[]): remote.Command {
    const { repository, branch, node } = args;
    const input = pulumi.all([args.deployKey, args.hostKey]).apply(([key, hostKey]) => [
      { path: "key", content: key.privateKey, mode: 0o600 },
      { path: "known_hosts", content: knownHost(repository, hostKey) },
      { path: "repository", content: `${repository}\n` },
      { path: "branch", content: `${branch}\n` },
    ]);
    return onNode(
      `${name}-deploy-key-proof`,
      node,
      // What others administer they may change at any time; the environment's own server is the program's.
      { script: "agent/scripts/prove-read-only.sh", input, always: args.gitHost !== undefined },
      { parent: this, dependsOn }, // the key must be registered first
    );
  }

  /** An environment is up when what Git holds runs in it. */
  private firstSync(name: string, args: SyncAgentArgs, dependsOn: pulumi.Resource[]): void {
    const { access, repository, branch, path } = args;
    fromHere(
      `${name}-first-sync`,
      access,
      {
        create: ["agent/scripts/first-sync"],
        update: "nothing",
        environment: { SYNC_SECONDS: `${paceOf(args.emulated).firstSyncSeconds}` },
        triggers: [repository, branch, path],
      },
      { parent: this, dependsOn },
    );
  }
}

const namespaceManifest = {
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name: agentNamespace, labels: { "pod-security.kubernetes.io/enforce": "restricted" } },
};

const deployKeyManifest = ({ deployKey, hostKey, repository }: SyncAgentArgs): object =>
  secretManifest(deployKeySecret, agentNamespace, "Opaque", {
    identity: deployKey.apply((key) => key.privateKey),
    "identity.pub": deployKey.apply((key) => key.publicKey),
    known_hosts: pulumi.output(hostKey).apply((key) => knownHost(repository, key)),
  });

/** kustomize-controller takes each entry of this ending for a key of age. */
const ageKeysManifest = ({ ageKeys }: SyncAgentArgs): object =>
  secretManifest(
    ageKeysSecret,
    agentNamespace,
    "Opaque",
    // Named for itself: another order, or one fewer, is no other name for the rest.
    ageKeys.apply((keys) =>
      Object.fromEntries(keys.map(({ identity, recipient }) => [`${recipient}.agekey`, `${identity}\n`])),
    ),
  );
