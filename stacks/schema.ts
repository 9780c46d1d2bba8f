import { z } from "zod";
import { administratorSchema, backupSchema, destinationSchema } from "./accounts";
import {
  address,
  branchName,
  certificatePem,
  choice,
  countryCode,
  dnsName,
  flag,
  gitHubApiUrl,
  host,
  hostAndPort,
  hostKey,
  httpsUrl,
  integer,
  interfaceName,
  label,
  libvirtUri,
  list,
  mailAddress,
  poolName,
  prose,
  range,
  section,
  servedName,
  sshRepository,
  text,
  whole,
} from "./fields";

/**
 * What a stack's configuration may hold: the keys under `grunnmur:` in `Pulumi.<stack>.yaml`.
 * Only shapes, units and defaults stand here; what concerns several keys at once is in `checks.ts`.
 */

const cores = () => whole("cores", 1, 512);
const guestMemory = () => whole("MiB", 512, 4_194_304);
const disk = () => whole("GiB", 4, 65_536);
const hostMemory = () => whole("MiB", 1024, 16_777_216);

const siteSchema = section({
  name: label().describe("Name by which hypervisors and nodes refer to the site, such as osl-1."),
  country: countryCode().describe("Country in which the machines stand."),
  city: prose("the town").describe("Town in which the machines stand."),
  operator: prose("who runs the site").describe("Who runs the site."),
  operatorCountry: countryCode().describe(
    "Country whose law the operator's ultimate parent answers to; US means reach of the Cloud Act, wherever the site is.",
  ),
  exchange: prose("the exchange").optional().describe("Internet exchange at which the site peers, such as NIX1 Oslo."),
});

const networkSchema = section({
  cidr: range().describe("Network of the nodes, /16 to /29. On this machine it must lie in 10.0.0.0/8."),
  gateway: address().describe("Router of the nodes' network; lies inside cidr."),
  podCidr: range()
    .default("10.244.0.0/16")
    .describe(
      "Range of pod addresses; the node with number n of cidr has its nth /24: 255 nodes need a /16, 1000 a /14.",
    ),
  serviceCidr: range().default("10.96.0.0/16").describe("Range of the cluster's service addresses, /12 to /24."),
  dnsServers: list(address()).default([]).describe("Resolvers that the nodes ask. Empty: the nodes resolve nothing."),
  ntpServers: list(host()).default([]).describe("Time servers that the nodes ask. Empty: the hypervisor's clock."),
});

/** A statement by whoever runs the machine: nothing here encrypts a disk. */
const diskEncryption = () =>
  choice(["luks", "self-encrypting", "none"])
    .optional()
    .describe("How the disks are encrypted at rest. Production has to say.");

const onHypervisor = {
  name: label().describe("Name by which nodes refer to the hypervisor."),
  site: label().describe("Site in which it stands; see the register of sites."),
  cores: cores().describe("Cores that guests may use."),
  memoryMiB: hostMemory().describe("Memory that guests may use, in MiB."),
  diskEncryption: diskEncryption(),
};

const hypervisorSchema = z.discriminatedUnion(
  "kind",
  [
    section({
      ...onHypervisor,
      kind: z.literal("local").describe("This machine: guests in a network namespace of their own, with no way out."),
    }),
    section({
      ...onHypervisor,
      kind: z.literal("remote").describe("Another machine, whose libvirt is reached over SSH."),
      uri: libvirtUri().describe("libvirt's address, such as qemu+ssh://root@osl1.example.no/system."),
      sshHostKey: hostKey().describe("Public ed25519 SSH host key of the hypervisor; pinned, never scanned."),
      bridge: interfaceName().describe("Bridge on the hypervisor to which the guests are connected, such as br0."),
      storagePool: poolName().default("default").describe("libvirt storage pool in which the guests' disks lie."),
      emulated: flag()
        .default(false)
        .describe(
          "It has no KVM, and emulates its guests' CPUs, about 12 times slower: to try a stack. Needs cluster.emulationAllowed.",
        ),
    }),
  ],
  { error: "a section with kind: local or kind: remote" },
);

const onNode = {
  name: label().describe("Host name of the node, unique in the stack."),
  role: choice(["registry", "control-plane", "worker"]).describe("What the node is for."),
  address: address().describe("Address of the node inside network.cidr."),
  cores: cores().describe("Virtual cores."),
  memoryMiB: guestMemory().describe("Memory in MiB."),
  diskGiB: disk().describe("Disk in GiB."),
};

const nodeSchema = z.discriminatedUnion(
  "kind",
  [
    section({
      ...onNode,
      kind: z.literal("libvirt").describe("A KVM guest that grunnmur makes."),
      hypervisor: label().describe("Hypervisor on which the guest runs; the node is in its site."),
      dataDiskGiB: disk()
        .optional()
        .describe(
          "Disk for data in GiB, of the registry or a worker. It stays when the machine is made anew, and goes with the node or its hypervisor. Absent: all data is on the one disk.",
        ),
    }),
    section({
      ...onNode,
      kind: z
        .literal("existing")
        .describe(
          "A machine made from the golden image by somebody else, which lets in the output adminPublicKey over SSH.",
        ),
      site: label().describe("Site in which the machine stands; see the register of sites."),
      sshHostKey: hostKey().describe("Public ed25519 SSH host key of the machine; pinned, never scanned."),
      sshUser: text("a Unix user name", /^[a-z_][a-z0-9_-]{0,31}$/)
        .default("root")
        .describe("User to log in as; needs sudo without a password if it is not root."),
      diskEncryption: diskEncryption(),
      sshHost: host().optional().describe("Where SSH answers, if that is not the node's address."),
    }),
  ],
  { error: "a section with kind: libvirt or kind: existing" },
);

const registrySchema = section({
  host: dnsName().describe("Name of the registry, as images are written: <host>/payment-service:<sha>."),
  ciPrefix: z
    .string({ error: "a path such as team-a, or nothing" })
    .regex(/^(?!mirror(\/|$))([a-z0-9]+([._-][a-z0-9]+)*(\/[a-z0-9]+([._-][a-z0-9]+)*)*)?$/, {
      error: "a path such as team-a, not below mirror, without a slash at either end, or nothing",
    })
    .default("")
    .describe("Path under which CI may push. Empty: anywhere but under mirror/, where the system images are."),
});

const clusterSchema = section({
  name: label().optional().describe("Name of the cluster. Default: the stack's name."),
  emulationAllowed: flag()
    .optional()
    .describe(
      "Go on where KVM does not work, with emulated CPUs (about 12 times slower), whose guests do without mitigations of CPUs' flaws and without random addresses. Default: only in development.",
    ),
  driftGuard: choice(["off", "warn", "deny"])
    .optional()
    .describe(
      "Whether who changes by hand what is in Git is told of it, or refused. Default: warn in development, deny in production.",
    ),
  endpoint: hostAndPort()
    .optional()
    .describe(
      "Where people find the API, in front of all control planes: a load balancer, or a name with the addresses of all. Port 6443 where none is given. Default: virtualAddress, else a control plane.",
    ),
  virtualAddress: address()
    .optional()
    .describe("Address in network.cidr that one of the control planes has at a time, by VRRP on the nodes' network."),
});

const gitHostSchema = z.discriminatedUnion(
  "kind",
  [
    section({
      kind: z
        .literal("registry-node")
        .describe("Plain Git over SSH on the registry node, at /srv/git/config.git; begins with the scaffold."),
    }),
    section({
      kind: z.literal("gitlab").describe("A GitLab server; its token is the secret gitHostToken."),
      url: httpsUrl().describe("Address of GitLab, such as https://gitlab.example.no."),
      projectId: integer("the project's ID in GitLab, a whole number such as 42", 1, Number.MAX_SAFE_INTEGER).describe(
        "ID of the configuration repository's project, as its page in GitLab shows it.",
      ),
    }),
    section({
      kind: z.literal("gitea").describe("A Gitea or Forgejo server; its token is the secret gitHostToken."),
      url: httpsUrl().describe("Address of Gitea or Forgejo, such as https://gitea.example.no."),
    }),
    section({
      kind: z
        .literal("github")
        .describe("GitHub, or a GitHub Enterprise Server; its token is the secret gitHostToken."),
      url: gitHubApiUrl().describe(
        "Address of GitHub's API, such as https://github.example.no/api/v3; of github.com it is https://api.github.com.",
      ),
    }),
  ],
  { error: "a section with kind: registry-node, kind: gitlab, kind: gitea or kind: github" },
);

const syncSchema = section({
  repository: sshRepository().describe("SSH address of the configuration repository."),
  branch: branchName()
    .default("main")
    .describe("Branch to follow. On the registry node, a new one is made where the old one stands."),
  path: text("a path that starts with ./ and stays inside the repository", /^\.(\/(?!\.\.?(\/|$))[A-Za-z0-9._-]+)+$/)
    .optional()
    .describe("Directory to apply. Default: ./clusters/<stack>."),
  intervalSeconds: whole("seconds", 5, 3600)
    .default(60)
    .describe(
      "Time between two looks at the repository, in seconds. The registry node's Git tells of each push at once.",
    ),
  driftSeconds: whole("seconds", 5, 3600)
    .optional()
    .describe(
      "Time from one look whether anything has drifted to the next, in seconds. Default: 8, and 45 on emulated CPUs.",
    ),
  hostKey: hostKey().optional().describe("Public ed25519 SSH host key of the Git host; pinned, never scanned."),
  gitHost: gitHostSchema.describe("Where the deploy key is registered, read-only."),
  demo: flag()
    .default(false)
    .describe("Fill the Git host and the registry with the example service; development only."),
});

const metricsSchema = section({
  enabled: flag()
    .optional()
    .describe(
      "metrics-server: what pods and nodes use, for kubectl top and HorizontalPodAutoscalers. Default: only in production.",
    ),
});

const monitoringSchema = section({
  enabled: flag()
    .default(false)
    .describe(
      "Prometheus, Alertmanager and node_exporter, with rules for what somebody has to know of the platform. What they measured is kept 15 days, and goes with Prometheus' pod.",
    ),
  webhook: section({
    url: httpsUrl().describe(
      "Its address, such as https://vakt.example.no/alerts. Its host and port are among the destinations.",
    ),
    authority: certificatePem().optional().describe("PEM of those that signed its certificate. Default: public ones."),
  })
    .optional()
    .describe("Where Alertmanager posts alerts. Default: nowhere; they are in ./grunnmur status."),
});

const ingressSchema = section({
  hosts: list(
    section({
      name: servedName().describe("A DNS name, or *.apps.example.no for all names one label below it."),
      namespaces: list(label())
        .min(1, { error: "at least one namespace" })
        .describe("Namespaces whose Ingress objects may answer for it."),
    }),
  )
    .default([])
    .describe(
      "Names at which the workers answer from outside, at ports 80 and 443, and for whom. Without any there is no ingress.",
    ),
  acme: section({
    directory: httpsUrl().describe(
      "Address of the ACME server's directory, such as https://acme.example.no/directory. Its host and port are among the destinations.",
    ),
    contact: mailAddress().optional().describe("To whom the ACME server may write, such as drift@example.no."),
    authority: certificatePem()
      .optional()
      .describe("PEM of those that signed the ACME server's own certificate. Default: public ones."),
  })
    .optional()
    .describe("An ACME server that gives each name a certificate. Default: one of the environment's own authority."),
});

const storageSchema = section({
  enabled: flag()
    .default(false)
    .describe(
      "Volumes on the workers' own disks, by the default StorageClass node-disk; on the data disk where a worker has one.",
    ),
  reclaimPolicy: choice(["Delete", "Retain"])
    .optional()
    .describe(
      "What becomes of a volume whose claim is deleted; of those that are made from now on. Default: Delete in development, Retain in production.",
    ),
});

export const stackSchema = section({
  environment: choice(["development", "production"]).describe("What the stack is for; production is held to more."),
  locality: section({
    profile: choice(["NO", "EEA", "EEA+adequacy"]).describe("Where data may be."),
    egress: choice(["enforce", "observe"])
      .default("enforce")
      .describe(
        "Whether nodes refuse what they and their pods send to hosts that are not declared, or count and log it only.",
      ),
  }).describe("The promise made to customers on where their data is."),
  sites: list(siteSchema).default([]).describe("Sites besides those that the register holds already."),
  network: networkSchema.describe("Addresses of nodes, pods and services."),
  hypervisors: list(hypervisorSchema).default([]).describe("Machines on which guests are made."),
  nodes: list(nodeSchema).describe("One registry, an odd number of control planes, at least one worker."),
  registry: registrySchema.describe("The private registry beside the nodes."),
  cluster: clusterSchema.prefault({}).describe("The Kubernetes cluster."),
  storage: storageSchema.prefault({}).describe("Volumes for pods."),
  ingress: ingressSchema.prefault({}).describe("The way in from outside."),
  metrics: metricsSchema.prefault({}).describe("What pods and nodes use, for the cluster itself."),
  monitoring: monitoringSchema.prefault({}).describe("What is measured over time, and who is told."),
  sync: syncSchema.describe("What the agent in the cluster pulls."),
  destinations: list(destinationSchema).default([]).describe("Register of destinations outside the stack."),
  administration: list(administratorSchema).default([]).describe("Who administers the stack, and from where."),
  backups: list(backupSchema).default([]).describe("Where copies of the platform's own data go, and for how long."),
});

/** The configuration as written, with defaults filled in. */
export type StackConfig = z.output<typeof stackSchema>;
export type SiteConfig = z.output<typeof siteSchema>;
export type HypervisorConfig = z.output<typeof hypervisorSchema>;
export type NodeConfig = z.output<typeof nodeSchema>;
export type Role = NodeConfig["role"];
export type GitHost = z.output<typeof gitHostSchema>;
export type Destination = z.output<typeof destinationSchema>;

/** Keys that hold secrets: never part of a `Stack`; the program reads them as secrets, and a preview without them. */
export const SECRET_KEYS: readonly string[] = ["gitHostToken", "ingressCertificate", "webhookToken"];
