import { readFileSync } from "node:fs";
import { repositoryPath } from "../../lib/places";
import { fromStackFile, parseStack } from "../../stacks/load";
import type { Stack } from "../../stacks/stack";

/** One change that a user can make to a stack that is up. */
export interface Row {
  change: string;
  /** The stack file that is deployed. */
  stack: "local" | "prod";
  edit(text: string): string;
  /** What happens on machines and to data. */
  effect: string;
}

const replace = (from: string | RegExp, to: string) => (text: string) => {
  const edited = text.replace(from, to);
  if (edited === text) throw new Error(`the stack file has no ${from}`);
  return edited;
};
const both =
  (...edits: ((text: string) => string)[]) =>
  (text: string) =>
    edits.reduce((edited, edit) => edit(edited), text);
const node = (name: string) => new RegExp(` {4}- name: ${name}\\n(?: {6}.*\\n)+`);
const without = (...names: string[]) => both(...names.map((name) => replace(node(name), "")));
const inNode = (name: string, from: string, to: string) => (text: string) =>
  text.replace(node(name), (section) => replace(from, to)(section));
const afterGateway = (line: string) => replace(/( {4}gateway: .*\n)/, `$1    ${line}\n`);

const worker3 = `    - name: worker-2
      kind: libvirt
      role: worker
      hypervisor: this-machine
      address: 10.20.0.13
      cores: 1
      memoryMiB: 1024
      diskGiB: 20
`;

const alike = (name: string): string => `    - name: ${name}
      kind: libvirt
      role: control-plane
      hypervisor: this-machine
      address: 10.20.0.2${name.slice(-1)}
      cores: 1
      memoryMiB: 2048
      diskGiB: 20
`;

/** Every kind of change, in the order of a stack file. What is refused or loses data, the program itself says. */
export const ROWS: Row[] = [
  {
    change: "`locality.profile` NO → EEA",
    stack: "local",
    edit: replace('profile: "NO"', "profile: EEA"),
    effect: "Holds for what is admitted from now on; what runs is not judged again.",
  },
  {
    change: "`locality.egress` enforce → observe",
    stack: "local",
    edit: replace('profile: "NO"', 'profile: "NO"\n    egress: observe'),
    effect: "Nodes count and log what they refused before. Nothing that is connected notices.",
  },
  {
    change: "`destinations`: one fewer, or other addresses or ports",
    stack: "prod",
    edit: replace(
      "destinations:\n    - host: gitlab",
      "destinations:\n    - addresses: [192.0.2.7/32]\n      host: gitlab",
    ),
    effect: "All nodes at once hold to it, also for what is connected already.",
  },
  {
    change: "`environment` production → development",
    stack: "prod",
    edit: replace("environment: production", "environment: development"),
    effect: "Nothing on machines: a disk is measured once, when the machine is new.",
  },
  {
    change: "`network.dnsServers`",
    stack: "local",
    edit: afterGateway("dnsServers: [10.20.0.2]"),
    effect: "`/etc/resolv.conf` of every node; pods see it when they start anew.",
  },
  {
    change: "`network.ntpServers`",
    stack: "local",
    edit: afterGateway("ntpServers: [10.20.0.2]"),
    effect: "chrony of every node starts anew and asks them. An emptied list removes the file.",
  },
  {
    change: "`network.gateway`, on remote hypervisors",
    stack: "prod",
    edit: replace("gateway: 10.30.0.1\n", "gateway: 10.30.0.2\n"),
    effect: "The network of every node is reloaded.",
  },
  {
    change: "`network.gateway`, on this machine",
    stack: "local",
    edit: replace("gateway: 10.20.0.1\n", "gateway: 10.20.0.2\n"),
    effect: "Nothing.",
  },
  {
    change: "`network.cidr`",
    stack: "local",
    edit: replace("10.20.0.0/24", "10.20.0.0/23"),
    effect: "Nothing.",
  },
  { change: "`network.podCidr`", stack: "local", edit: afterGateway("podCidr: 10.245.0.0/16"), effect: "Nothing." },
  {
    change: "`network.serviceCidr`",
    stack: "local",
    edit: afterGateway("serviceCidr: 10.97.0.0/16"),
    effect: "Nothing.",
  },
  {
    change: "a hypervisor's `uri`: another name, address or user of the same machine",
    stack: "prod",
    edit: replace("grunnmur@osl1.example.no", "somebody@kvm1.example.no"),
    effect: "Its guests are looked for there, found to be this stack's own, and left running.",
  },
  {
    change: "a hypervisor's `bridge`",
    stack: "prod",
    edit: replace("bridge: br0", "bridge: br1"),
    effect: "Its guests are shut down and started again, one after the other; workers are drained first.",
  },
  {
    change: "a hypervisor's `emulated`",
    stack: "prod",
    edit: both(
      replace("storagePool: nvme", "storagePool: nvme\n      emulated: true"),
      replace("emulationAllowed: false", "emulationAllowed: true"),
    ),
    effect: "Its guests are shut down and started again, one after the other; workers are drained first.",
  },
  {
    change: "a hypervisor's `storagePool`",
    stack: "prod",
    edit: replace("storagePool: nvme", "storagePool: fast"),
    effect: "Nothing.",
  },
  {
    change: "a node's `hypervisor`, of a worker",
    stack: "prod",
    edit: inNode("worker-3", "hypervisor: kvm-3", "hypervisor: kvm-1"),
    effect:
      "It is drained and leaves the cluster; the guest is destroyed there and made here with an empty disk, and joins.",
  },
  {
    change: "a node's `address`, of a worker",
    stack: "local",
    edit: inNode("worker-1", "address: 10.20.0.12", "address: 10.20.0.22"),
    effect: "It is drained and leaves the cluster; the guest is made anew with an empty disk, and joins.",
  },
  {
    change: "a node's `address`, of a control plane",
    stack: "local",
    edit: inNode("control-1", "address: 10.20.0.11", "address: 10.20.0.21"),
    effect: "Nothing.",
  },
  {
    change: "a node's name while its address stays",
    stack: "local",
    edit: replace("name: worker-1", "name: worker-9"),
    effect: "Nothing.",
  },
  {
    change: "`memoryMiB`, `cores`: more or less",
    stack: "local",
    edit: inNode("worker-1", "memoryMiB: 2048", "memoryMiB: 2304"),
    effect:
      "A worker is drained, shut down, started with its new size, and takes pods again when its kubelet answers. Other nodes are shut down and started.",
  },
  {
    change: "`diskGiB`: more",
    stack: "local",
    edit: inNode("worker-1", "diskGiB: 20", "diskGiB: 30"),
    effect:
      "The disk grows while the guest runs; its file system fills it at the next look or boot. No data is touched.",
  },
  {
    change: "`diskGiB`: less",
    stack: "local",
    edit: inNode("worker-1", "diskGiB: 20", "diskGiB: 10"),
    effect: "Nothing.",
  },
  {
    change: "`dataDiskGiB` of a node that had none",
    stack: "local",
    edit: inNode("worker-1", "diskGiB: 20", "diskGiB: 20\n      dataDiskGiB: 50"),
    effect:
      "The guest is shut down and started again with the disk, a worker drained first. The registry's node copies images and Git repositories there, and serves them from there.",
  },
  {
    change: "`dataDiskGiB`: more",
    stack: "prod",
    edit: inNode("registry-1", "dataDiskGiB: 500", "dataDiskGiB: 600"),
    effect: "As with `diskGiB`.",
  },
  {
    change: "`dataDiskGiB`: less, or none any more",
    stack: "prod",
    edit: inNode("registry-1", "dataDiskGiB: 500", "dataDiskGiB: 400"),
    effect: "Nothing.",
  },
  {
    change: "the `address` of a node with a data disk",
    stack: "prod",
    edit: inNode("registry-1", "address: 10.30.0.10", "address: 10.30.0.9"),
    effect: "The guest is made anew over its data disk, which stays, and finds there what it had.",
  },
  {
    change: "the `hypervisor` of a node with a data disk",
    stack: "prod",
    edit: inNode("registry-1", "hypervisor: kvm-1", "hypervisor: kvm-2"),
    effect: "The guest and both disks are deleted there, and made here, empty.",
  },
  {
    change: "another order of nodes",
    stack: "prod",
    edit: (text) => {
      const [first = ""] = node("control-1").exec(text) ?? [];
      return both(without("control-1"), replace(node("worker-1"), `$&${first}`))(text);
    },
    effect: "Nothing.",
  },
  {
    change: "a worker more",
    stack: "local",
    edit: replace(node("worker-1"), `$&${worker3}`),
    effect:
      "It is made, measured and joins, with a token that is deleted afterwards. The others learn its name and routes.",
  },
  {
    change: "a worker fewer",
    stack: "prod",
    edit: without("worker-3"),
    effect:
      "It is drained while the others know the way to its pods, its Node is deleted, then its guest and disk. `up` stops where a disruption budget holds a pod back.",
  },
  {
    change: "control planes 1 → 3",
    stack: "local",
    edit: replace(node("control-1"), `$&${["control-2", "control-3"].map(alike).join("")}`),
    effect: "They join one after the other, etcd with them. Every node's way to the API knows them.",
  },
  {
    change: "control planes 3 → 1",
    stack: "prod",
    edit: without("control-2", "control-3"),
    effect:
      "Each is drained and taken out of etcd through another, its Node is deleted, then its guest and disk. `up` stops where etcd would lose its majority.",
  },
  {
    change: "`registry.host`",
    stack: "local",
    edit: replace("host: registry.local", "host: images.local"),
    effect:
      "A certificate of the new name; nodes know it. Images in Git must follow at once, see [operating](operating.md).",
  },
  {
    change: "`registry.ciPrefix`",
    stack: "prod",
    edit: replace('ciPrefix: ""', "ciPrefix: team-a"),
    effect: "Holds for the next push. The proxy is reloaded, and cuts no connection.",
  },
  {
    change: "`cluster.driftGuard`",
    stack: "local",
    edit: replace("config:\n", "config:\n  grunnmur:cluster: { driftGuard: deny }\n"),
    effect: "Who changes by hand what is in Git is refused from then on.",
  },
  {
    change: "`storage.enabled`, on",
    stack: "local",
    edit: replace("config:\n", "config:\n  grunnmur:storage: { enabled: true }\n"),
    effect: "Claims are answered from then on, those too that were made before.",
  },
  {
    change: "`storage.enabled`, off",
    stack: "prod",
    edit: replace("enabled: true", "enabled: false"),
    effect: "Claims are no longer answered. Volumes stay, with what is on them.",
  },
  {
    change: "`storage.reclaimPolicy`",
    stack: "prod",
    edit: replace("enabled: true\n", "enabled: true\n    reclaimPolicy: Delete\n"),
    effect: "Volumes made from then on go with their claims. Those that there are keep their own policy.",
  },
  {
    change: "`ingress.hosts`, none any more",
    stack: "prod",
    edit: replace(/ {2}grunnmur:ingress:\n(?: {4}.*\n)+/, ""),
    effect:
      "Nothing answers from outside. Ingress objects stay as they are, and with a name again they are served again.",
  },
  {
    change: "`ingress.hosts`, one more",
    stack: "prod",
    edit: replace(
      "      - name: payment",
      "      - { name: shop.example.no, namespaces: [shop] }\n      - name: payment",
    ),
    effect:
      "The certificate is made anew. On one worker after the other the next agent answers, and then the last one ends, with 15 seconds for what is under way there.",
  },
  {
    change: "`metrics.enabled`, on",
    stack: "local",
    edit: replace("config:\n", "config:\n  grunnmur:metrics: { enabled: true }\n"),
    effect: "`kubectl top` answers some minutes later. Off again, HorizontalPodAutoscalers stand still.",
  },
  {
    change: "`cluster.endpoint`",
    stack: "prod",
    edit: replace("grunnmur:cluster:\n", "grunnmur:cluster:\n    endpoint: api.example.no\n"),
    effect: "The kubeconfig that people export names it first. Nothing else changes.",
  },
  {
    change: "`cluster.virtualAddress`",
    stack: "prod",
    edit: replace("grunnmur:cluster:\n", "grunnmur:cluster:\n    virtualAddress: 10.30.0.5\n"),
    effect:
      "One of the control planes takes it, or none has it any more; the kubeconfig that people export names it first.",
  },
  {
    change: "`cluster.name`",
    stack: "local",
    edit: replace("config:\n", "config:\n  grunnmur:cluster: { name: other }\n"),
    effect: "Nothing.",
  },
  {
    change: "`sync.repository`, `branch` or `path`",
    stack: "local",
    edit: replace("path: ./clusters/local", "path: ./clusters/other"),
    effect:
      "The agent applies the new source and deletes what only the old one had. `up` waits for the first sync of the new one.",
  },
  {
    change: "`sync.intervalSeconds`",
    stack: "local",
    edit: replace("intervalSeconds: 60", "intervalSeconds: 30"),
    effect: "The agent looks that often.",
  },
  {
    change: "`sync.driftSeconds`",
    stack: "local",
    edit: replace("intervalSeconds: 60", "driftSeconds: 30\n    intervalSeconds: 60"),
    effect: "The agent looks that often whether anything has drifted.",
  },
  {
    change: "`sync.hostKey`",
    stack: "prod",
    edit: replace(
      /( {4}hostKey: ssh-ed25519 AAAA\S+)(\S)H1|( {4}hostKey: ssh-ed25519 )\S+/,
      "    hostKey: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMl/vTAWwMeADMnZVLylJPQosNkqt709WRUhHqIlRWxb",
    ),
    effect: "The key is proven against that host before the agent uses it.",
  },
  {
    change: "`sync.gitHost.url` or `projectId`",
    stack: "prod",
    edit: replace("projectId: 1\n", "projectId: 2\n"),
    effect: "The deploy key is removed from the old project, and registered at the new one.",
  },
  {
    change: "`sync.gitHost.kind`, from `gitlab` to `gitea`",
    stack: "prod",
    edit: replace(
      "kind: gitlab\n      url: https://gitlab.example.no\n      projectId: 1\n",
      "kind: gitea\n      url: https://gitea.example.no\n",
    ),
    effect:
      "As above. The same with `github`; the old host must still know the old token, or its key is left and said to be.",
  },
];

export function stacksOf({ stack, edit }: Row): { deployed: Stack; wanted: Stack } {
  const text = readFileSync(repositoryPath(`Pulumi.${stack}.yaml`), "utf8");
  const parsed = (of: string) => parseStack(fromStackFile(of), stack);
  return { deployed: parsed(text), wanted: parsed(edit(text)) };
}
