import { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { AdmissionGate } from "../components/admission/admission-gate";
import { SyncAgent } from "../components/agent/sync-agent";
import { Cluster, type ClusterArgs } from "../components/cluster/cluster";
import { GitServer } from "../components/git-server/git-server";
import type { AgeKey } from "../components/keys/age";
import { derive } from "../components/keys/derive";
import { makeSeed } from "../components/keys/seed";
import type { SshKey } from "../components/keys/ssh";
import { NetworkPolicies } from "../components/network-policies/network-policies";
import { administrators } from "../components/node/administrators";
import { KvmNode } from "../components/node/kvm-node";
import type { Egress, Node } from "../components/node/node";
import { siteFiles } from "../components/node/site-files";
import { paceOf } from "../components/pace";
import { Registry } from "../components/registry/registry";
import { renderConfigRepo } from "../gitops/render";
import { type Rotations, rotationOf } from "../lib/rotation";
import { driftGuard } from "../policies/admission/drift-guard";
import { admissionForStack } from "../policies/admission/generate";
import type { Stack } from "../stacks/stack";
import { ownerAndName } from "../stacks/sync";
import { makeAddOns, makeMonitoring, type WayIn } from "./add-ons";
import * as artifacts from "./artifacts";
import { credentials } from "./credentials";
import { makeNodes, type Outside } from "./nodes";

/** Secrets that a person sets with `pulumi config set --secret`; a preview does without. */
export interface StackSecrets {
  gitHostToken?: pulumi.Output<string>;
  /** PEM of a certificate for ingress.hosts with those that signed it, and of its private key. */
  ingressCertificate?: pulumi.Output<string>;
  /** With which alerts are posted. */
  webhookToken?: pulumi.Output<string>;
}

/** What reaches beyond the program while it runs. Tests on mocks have none: mocks call no hooks back. */
export interface PlatformOutside {
  /** Judges a change before any child is registered. */
  before: pulumi.ResourceHookBinding;
  /** As `./grunnmur rotate` hands them over; absent in every other run, which keeps those that there are. */
  rotations?: Rotations;
  /** Works around the restart of a worker; the kubeconfig is a secret. */
  aroundRestart(node: string, kubeconfig: () => Promise<string>): pulumi.ResourceHookBinding;
  runningGuests?: Outside["runningGuests"];
  /** Which of the API servers the program talks to; the first where this is absent. */
  choose?: ClusterArgs["choose"];
  /** Names of nodes whose machine, where it is made anew, is made from the newest image. */
  anew: Outside["anew"];
  /** Brings the cluster to the store's version of Kubernetes. */
  upgrade: boolean;
}

/** One environment, from its nodes to the agent that keeps it as Git says. Its inputs are the checked stack. */
export class Platform extends pulumi.ComponentResource {
  readonly nodes: Node[];
  readonly registry: Registry;
  readonly cluster: Cluster;
  readonly agent: SyncAgent;
  /** How it is reached from outside; undefined where it is not. */
  readonly wayIn: WayIn | undefined;
  /** May log in to every node; a secret. */
  readonly adminKey: pulumi.Output<SshKey>;
  /** Public halves of all that may log in to machines that the program made. */
  readonly adminPublicKeys: pulumi.Output<string[]>;
  /** May push to the environment's own Git server; a secret. */
  readonly personKey: pulumi.Output<SshKey>;
  /** The cluster's own key to Git; a secret. */
  readonly deployKey: pulumi.Output<SshKey>;
  /** What Secrets in Git may be encrypted for, the one in use first; secrets. */
  readonly sopsKeys: pulumi.Output<AgeKey[]>;
  /** How far the rotation of each credential is that was ever rotated. */
  readonly rotations: pulumi.Output<Rotations>;

  constructor(declared: Stack, secrets: StackSecrets, outside?: PlatformOutside) {
    // Not named for the stack: under another name it would be another resource, of which nothing is compared.
    super("grunnmur:platform:Platform", "platform", declared, {
      aliases: [{ name: declared.name }],
      hooks: outside?.before,
    });
    const stack = { ...declared, nodes: inOrder(declared.nodes) };
    const seed = makeSeed("platform-seed", this, { protect: true });
    const rotations = this.rotationsOf(outside?.rotations);
    this.rotations = rotations;
    const { admin, adminPublicKeys, person, deploy, sops, host } = credentials(seed, rotations, stack.cluster.name);
    this.adminKey = admin;
    this.adminPublicKeys = adminPublicKeys;
    this.personKey = person;
    this.deployKey = deploy;
    this.sopsKeys = sops;
    const issuedAt = this.firstDay();

    const { all, emulated } = makeNodes(
      stack,
      { adminKey: this.adminKey, hostKey: host, owner: ownerOf(seed) },
      outside && {
        ...outside,
        aroundRestart: (node) => outside.aroundRestart(node, () => resolved(this.cluster.kubeconfig)),
      },
      this,
    );
    this.nodes = all;
    const peers = all.map(({ name, role, address }) => ({ name, role, address }));
    const controlPlanes = all.filter(({ role }) => role === "control-plane");
    const registryNode = one(all, "registry");
    const egress = egressOf(stack);
    const registrySite = this.adminPublicKeys.apply((keys) => [
      ...(registryNode.made ? [administrators(keys)] : []),
      ...siteFiles(stack.network, egress, registryNode, peers, stack.registry.host),
    ]);
    this.registry = new Registry(
      "registry",
      {
        ...stack.registry,
        node: registryNode,
        siteFiles: registrySite,
        systemImages: artifacts.systemImages(),
        crane: artifacts.cranePath(),
        issuedAt,
        rotation: rotations.apply((all) => rotationOf(all, "registry")),
      },
      { parent: this },
    );

    this.cluster = new Cluster(
      "cluster",
      {
        clusterName: stack.cluster.name,
        kubernetesVersion: artifacts.imageTag("kube-apiserver"),
        etcdTag: artifacts.imageTag("etcd"),
        corednsTag: artifacts.imageTag("coredns"),
        controlPlanes,
        workers: all.filter(({ role }) => role === "worker"),
        peers,
        network: stack.network,
        egress,
        registry: this.registry,
        emulated,
        keys: rotations.apply((all) => ({
          encryption: rotationOf(all, "etcd-encryption"),
          serviceAccountKeys: rotationOf(all, "service-account-keys"),
          authorities: rotationOf(all, "ca"),
        })),
        administrators: this.adminPublicKeys,
        endpoint: stack.cluster.endpoint,
        virtualAddress: stack.cluster.virtualAddress,
        kubectl: artifacts.kubectlPath(),
        choose: outside?.choose,
        upgrade: outside?.upgrade,
        issuedAt,
      },
      { parent: this },
    );

    // Guests that end take what is in their cluster along: it is not deleted first, object by object.
    const deletedWith = controlPlanes.every((node) => node instanceof KvmNode) ? this.cluster.begun : undefined;
    const admission = new AdmissionGate(
      "admission",
      {
        provider: this.cluster.provider,
        objects: [...admissionForStack(stack), ...driftGuard({ ...stack.sync, mode: stack.cluster.driftGuard })],
        access: this.cluster.access,
        emulated,
        deletedWith,
      },
      { parent: this },
    );
    const policies = new NetworkPolicies(
      "network-policies",
      {
        provider: this.cluster.provider,
        image: artifacts.ownImageRef("network-policies"),
        imageReady: [this.registry.ready],
        emulated,
        deletedWith,
      },
      { parent: this },
    );
    const addOns = {
      stack,
      cluster: this.cluster,
      registry: this.registry,
      seed,
      issuedAt,
      authorities: rotations.apply((all) => rotationOf(all, "ingress")),
      ingressCertificate: secrets.ingressCertificate,
      enforced: policies.ready,
      emulated,
      deletedWith,
      parent: this,
    };
    this.wayIn = makeAddOns(addOns);
    const git = this.git(stack, registryNode);
    this.agent = new SyncAgent(
      "agent",
      {
        ...stack.sync,
        driftSeconds: stack.sync.driftSeconds ?? paceOf(emulated).driftSeconds,
        stack: stack.name,
        provider: this.cluster.provider,
        node: one(all, "control-plane"),
        access: this.cluster.access,
        crds: artifacts.fluxDefinitions(),
        images: artifacts.controllerImages(),
        serviceCidr: stack.network.serviceCidr,
        deployKey: this.deployKey,
        ageKeys: this.sopsKeys,
        hostKey: stack.sync.hostKey ?? registryNode.hostKey,
        gitHost: gitHost(stack, secrets),
        imagesReady: [this.registry.ready],
        repositoryReady: git ? [...git.server.ready, ...git.pushed] : [],
        admissionReady: [...admission.ready, ...policies.ready],
        emulated,
        deletedWith,
      },
      { parent: this },
    );
    makeMonitoring(addOns, secrets.webhookToken, this.agent.known);
    git?.server.notify(
      "git-push-notice",
      {
        servers: controlPlanes.map(({ address }) => address),
        caPem: this.cluster.caPem,
        client: this.cluster.gitServerCertificate,
        intervalSeconds: stack.sync.intervalSeconds,
      },
      this.agent.takesNotice,
    );
    this.registerOutputs({});
  }

  /** How far each rotation is, kept in the state; `./grunnmur rotate` hands another over. */
  private rotationsOf(handedOver: Rotations | undefined): pulumi.Output<Rotations> {
    const ignoreChanges = handedOver ? [] : ["input"];
    const kept = new pulumi.Stash("rotations", { input: handedOver ?? {} }, { parent: this, ignoreChanges });
    return kept.input as pulumi.Output<Rotations>;
  }

  /** The day on which the environment was made, from which its certificates count; kept in the state. */
  private firstDay(): pulumi.Output<string> {
    const day = new local.Command(
      "first-day",
      { create: "date -u +%Y-%m-%dT00:00:00Z", addPreviousOutputInEnv: false },
      // An update would take today for the first day.
      { parent: this, protect: true, ignoreChanges: ["create", "addPreviousOutputInEnv"] },
    );
    return day.stdout.apply((text) => text.trim());
  }

  /** The Git host, where the environment has its own, and what the registry must have for what it serves. */
  private git(stack: Stack, node: Node): { server: GitServer; pushed: pulumi.Resource[] } | undefined {
    if (stack.sync.gitHost.kind !== "registry-node") return undefined;
    const demo = stack.sync.demo ? artifacts.demo() : undefined;
    const pushed = demo
      ? [
          this.registry.push("demo-image", [{ ...demo.image, as: demo.image.ref }], {
            parent: this,
            dependsOn: [this.registry.ready],
          }),
        ]
      : [];
    const server = new GitServer(
      "git",
      {
        node,
        readerKey: this.deployKey.apply((key) => key.publicKey),
        writerKey: this.personKey.apply((key) => key.publicKey),
        branch: stack.sync.branch,
        configFiles: this.sopsKeys.apply(([used]) => configFiles(stack, demo?.sha, used?.recipient)),
        bundles: demo ? { "payment-service": demo.bundle } : {},
      },
      { parent: this },
    );
    return { server, pushed };
  }
}

function resolved<T>(output: pulumi.Output<T>): Promise<T> {
  return new Promise((resolve) => output.apply((value) => resolve(value as T)));
}

/** Tells the guests of this state from those of another; it gives nothing of the seed away. */
function ownerOf(seed: pulumi.Output<string>): pulumi.Output<string> {
  return pulumi.unsecret(seed.apply((base64) => derive(base64, "owner", 8).toString("hex")));
}

/** What the nodes need of the register; the rest is for people. */
function egressOf({ locality, destinations }: Stack): Egress {
  const needed = ({ host, addresses, ports }: Stack["destinations"][number]) => ({ host, addresses, ports });
  return { mode: locality.egress, destinations: destinations.map(needed) };
}

/** Never empty: the agent's key is proven by fetching, before anybody has a key to push with. */
function configFiles(stack: Stack, tag: string | undefined, recipient: string | undefined) {
  const host = stack.ingress.hosts.find((each) => each.namespaces.includes("production") && !each.name.startsWith("*"));
  return renderConfigRepo({
    cluster: stack.name,
    path: stack.sync.path,
    registry: stack.registry.host,
    ...(tag === undefined ? {} : { tag }),
    ...(host ? { host: host.name } : {}),
    ...(recipient === undefined ? {} : { recipient }),
    region: one(stack.nodes, "control-plane").site.country,
    profile: stack.locality.profile,
  });
}

function gitHost({ sync }: Stack, { gitHostToken }: StackSecrets) {
  if (sync.gitHost.kind === "registry-node") return undefined;
  const { kind, url } = sync.gitHost;
  const project = sync.gitHost.kind === "gitlab" ? sync.gitHost.projectId : ownerAndName(sync.repository);
  if (project === undefined) throw new Error(`${sync.repository} has no owner and name in its path`);
  if (!gitHostToken && !pulumi.runtime.isDryRun()) {
    throw new Error(
      "grunnmur:gitHostToken is missing: the deploy key is registered with it. Set it with: pulumi config set --secret grunnmur:gitHostToken",
    );
  }
  return { kind, url, project, token: gitHostToken ?? pulumi.secret("") };
}

/** The order in a file says nothing: moving lines must move nothing in the cluster. */
function inOrder(nodes: Stack["nodes"]): Stack["nodes"] {
  const roles = ["registry", "control-plane", "worker"];
  const place = ({ role, name }: Stack["nodes"][number]) => `${roles.indexOf(role)} ${name}`;
  return [...nodes].sort((a, b) => (place(a) < place(b) ? -1 : 1));
}

function one<T extends { role: Node["role"] }>(nodes: T[], role: Node["role"]): T {
  const found = nodes.find((node) => node.role === role);
  if (!found) throw new Error(`the stack has no ${role} node`);
  return found;
}
