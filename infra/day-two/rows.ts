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
  },
  {
    change: "`locality.egress` enforce → observe",
    stack: "local",
    edit: replace('profile: "NO"', 'profile: "NO"\n    egress: observe'),
  },
  {
    change: "`destinations`: one fewer, or other addresses or ports",
    stack: "prod",
    edit: replace(
      "destinations:\n    - host: gitlab",
      "destinations:\n    - addresses: [192.0.2.7/32]\n      host: gitlab",
    ),
  },
  {
    change: "`environment` production → development",
    stack: "prod",
    edit: replace("environment: production", "environment: development"),
  },
  {
    change: "`network.dnsServers`",
    stack: "local",
    edit: afterGateway("dnsServers: [10.20.0.2]"),
  },
  {
    change: "`network.ntpServers`",
    stack: "local",
    edit: afterGateway("ntpServers: [10.20.0.2]"),
  },
  {
    change: "`network.gateway`, on remote hypervisors",
    stack: "prod",
    edit: replace("gateway: 10.30.0.1\n", "gateway: 10.30.0.2\n"),
  },
  {
    change: "`network.gateway`, on this machine",
    stack: "local",
    edit: replace("gateway: 10.20.0.1\n", "gateway: 10.20.0.2\n"),
  },
  {
    change: "`network.cidr`",
    stack: "local",
    edit: replace("10.20.0.0/24", "10.20.0.0/23"),
  },
  { change: "`network.podCidr`", stack: "local", edit: afterGateway("podCidr: 10.245.0.0/16") },
  {
    change: "`network.serviceCidr`",
    stack: "local",
    edit: afterGateway("serviceCidr: 10.97.0.0/16"),
  },
  {
    change: "a hypervisor's `uri`: another name, address or user of the same machine",
    stack: "prod",
    edit: replace("grunnmur@osl1.example.no", "somebody@kvm1.example.no"),
  },
  {
    change: "a hypervisor's `bridge`",
    stack: "prod",
    edit: replace("bridge: br0", "bridge: br1"),
  },
  {
    change: "a hypervisor's `emulated`",
    stack: "prod",
    edit: both(
      replace("storagePool: nvme", "storagePool: nvme\n      emulated: true"),
      replace("emulationAllowed: false", "emulationAllowed: true"),
    ),
  },
  {
    change: "a hypervisor's `storagePool`",
    stack: "prod",
    edit: replace("storagePool: nvme", "storagePool: fast"),
  },
  {
    change: "a node's `hypervisor`, of a worker",
    stack: "prod",
    edit: inNode("worker-3", "hypervisor: kvm-3", "hypervisor: kvm-1"),
  },
  {
    change: "a node's `hypervisor`, of one of several control planes",
    stack: "prod",
    edit: inNode("control-2", "hypervisor: kvm-2", "hypervisor: kvm-1"),
  },
  {
    change: "a node's `hypervisor`, of more than one control plane",
    stack: "prod",
    edit: both(
      inNode("control-2", "hypervisor: kvm-2", "hypervisor: kvm-1"),
      inNode("control-3", "hypervisor: kvm-3", "hypervisor: kvm-1"),
    ),
  },
  {
    change: "a node's `address`, of a worker",
    stack: "local",
    edit: inNode("worker-1", "address: 10.20.0.12", "address: 10.20.0.22"),
  },
  {
    change: "a node's `address`, of a control plane",
    stack: "local",
    edit: inNode("control-1", "address: 10.20.0.11", "address: 10.20.0.21"),
  },
  {
    change: "a node's name while its address stays",
    stack: "local",
    edit: replace("name: worker-1", "name: worker-9"),
  },
  {
    change: "`memoryMiB`, `cores` of a worker: more or less",
    stack: "local",
    edit: inNode("worker-1", "memoryMiB: 2048", "memoryMiB: 2304"),
  },
  {
    change: "`memoryMiB`, `cores` of another node: more or less",
    stack: "local",
    edit: inNode("control-1", "memoryMiB: 3072", "memoryMiB: 4096"),
  },
  {
    change: "`diskGiB`: more",
    stack: "local",
    edit: inNode("worker-1", "diskGiB: 20", "diskGiB: 30"),
  },
  {
    change: "`diskGiB`: less",
    stack: "local",
    edit: inNode("worker-1", "diskGiB: 20", "diskGiB: 10"),
  },
  {
    change: "`dataDiskGiB` of a node that had none",
    stack: "local",
    edit: inNode("worker-1", "diskGiB: 20", "diskGiB: 20\n      dataDiskGiB: 50"),
  },
  {
    change: "`dataDiskGiB`: more",
    stack: "prod",
    edit: inNode("registry-1", "dataDiskGiB: 500", "dataDiskGiB: 600"),
  },
  {
    change: "`dataDiskGiB`: less, or none any more",
    stack: "prod",
    edit: inNode("registry-1", "dataDiskGiB: 500", "dataDiskGiB: 400"),
  },
  {
    change: "the `address` of a node with a data disk",
    stack: "prod",
    edit: inNode("registry-1", "address: 10.30.0.10", "address: 10.30.0.9"),
  },
  {
    change: "the `hypervisor` of a node with a data disk",
    stack: "prod",
    edit: inNode("registry-1", "hypervisor: kvm-1", "hypervisor: kvm-2"),
  },
  {
    change: "another order of nodes",
    stack: "prod",
    edit: (text) => {
      const [first = ""] = node("control-1").exec(text) ?? [];
      return both(without("control-1"), replace(node("worker-1"), `$&${first}`))(text);
    },
  },
  {
    change: "a worker more",
    stack: "local",
    edit: replace(node("worker-1"), `$&${worker3}`),
  },
  {
    change: "a worker fewer",
    stack: "prod",
    edit: without("worker-3"),
  },
  {
    change: "control planes 1 → 3",
    stack: "local",
    edit: replace(node("control-1"), `$&${["control-2", "control-3"].map(alike).join("")}`),
  },
  {
    change: "control planes 3 → 1",
    stack: "prod",
    edit: without("control-2", "control-3"),
  },
  {
    change: "`registry.host`",
    stack: "local",
    edit: replace("host: registry.local", "host: images.local"),
  },
  {
    change: "`registry.ciPrefix`",
    stack: "prod",
    edit: replace('ciPrefix: ""', "ciPrefix: team-a"),
  },
  {
    change: "`cluster.driftGuard`",
    stack: "local",
    edit: replace("config:\n", "config:\n  grunnmur:cluster: { driftGuard: deny }\n"),
  },
  {
    change: "`storage.enabled`, on",
    stack: "local",
    edit: replace("config:\n", "config:\n  grunnmur:storage: { enabled: true }\n"),
  },
  {
    change: "`storage.enabled`, off",
    stack: "prod",
    edit: replace("enabled: true", "enabled: false"),
  },
  {
    change: "`storage.reclaimPolicy`",
    stack: "prod",
    edit: replace("enabled: true\n", "enabled: true\n    reclaimPolicy: Delete\n"),
  },
  {
    change: "`ingress.hosts`, none any more",
    stack: "prod",
    edit: replace(/ {2}grunnmur:ingress:\n(?: {4}.*\n)+/, ""),
  },
  {
    change: "`ingress.hosts`, one more",
    stack: "prod",
    edit: replace(
      "      - name: payment",
      "      - { name: shop.example.no, namespaces: [shop] }\n      - name: payment",
    ),
  },
  {
    change: "`ingress.acme`, and its server among the destinations",
    stack: "prod",
    edit: both(
      replace(
        "  grunnmur:ingress:\n",
        "  grunnmur:ingress:\n    acme: { directory: https://acme.example.no/directory }\n",
      ),
      replace(
        "destinations:\n",
        'destinations:\n    - { host: acme.example.no, country: "NO", legalBasis: Art. 6(1)(f), agreement: none, expires: "2099-12-31" }\n',
      ),
    ),
  },
  {
    change: "`metrics.enabled`, on",
    stack: "local",
    edit: replace("config:\n", "config:\n  grunnmur:metrics: { enabled: true }\n"),
  },
  {
    change: "`monitoring.enabled`, on",
    stack: "local",
    edit: replace("config:\n", "config:\n  grunnmur:monitoring: { enabled: true }\n"),
  },
  {
    change: "`cluster.endpoint`",
    stack: "prod",
    edit: replace("grunnmur:cluster:\n", "grunnmur:cluster:\n    endpoint: api.example.no\n"),
  },
  {
    change: "`cluster.virtualAddress`",
    stack: "prod",
    edit: replace("grunnmur:cluster:\n", "grunnmur:cluster:\n    virtualAddress: 10.30.0.5\n"),
  },
  {
    change: "`cluster.name`",
    stack: "local",
    edit: replace("config:\n", "config:\n  grunnmur:cluster: { name: other }\n"),
  },
  {
    change: "`sync.repository`, `branch` or `path`",
    stack: "local",
    edit: replace("path: ./clusters/local", "path: ./clusters/other"),
  },
  {
    change: "`sync.intervalSeconds`",
    stack: "local",
    edit: replace("intervalSeconds: 60", "intervalSeconds: 30"),
  },
  {
    change: "`sync.driftSeconds`",
    stack: "local",
    edit: replace("intervalSeconds: 60", "driftSeconds: 30\n    intervalSeconds: 60"),
  },
  {
    change: "`sync.hostKey`",
    stack: "prod",
    edit: replace(
      /( {4}hostKey: ssh-ed25519 AAAA\S+)(\S)H1|( {4}hostKey: ssh-ed25519 )\S+/,
      "    hostKey: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMl/vTAWwMeADMnZVLylJPQosNkqt709WRUhHqIlRWxb",
    ),
  },
  {
    change: "`sync.gitHost.url` or `projectId`",
    stack: "prod",
    edit: replace("projectId: 1\n", "projectId: 2\n"),
  },
  {
    change: "`sync.gitHost.kind`, from `gitlab` to `gitea`",
    stack: "prod",
    edit: replace(
      "kind: gitlab\n      url: https://gitlab.example.no\n      projectId: 1\n",
      "kind: gitea\n      url: https://gitea.example.no\n",
    ),
  },
];

export function stacksOf({ stack, edit }: Row): { deployed: Stack; wanted: Stack } {
  const text = readFileSync(repositoryPath(`Pulumi.${stack}.yaml`), "utf8");
  const parsed = (of: string) => parseStack(fromStackFile(of), stack);
  return { deployed: parsed(text), wanted: parsed(edit(text)) };
}
