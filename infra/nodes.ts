import * as pulumi from "@pulumi/pulumi";
import type { SshKey } from "../components/keys/ssh";
import { ExistingNode } from "../components/node/existing-node";
import { type Hypervisor, KvmNode } from "../components/node/kvm-node";
import { LocalHypervisor } from "../components/node/local-hypervisor";
import type { Node } from "../components/node/node";
import { detectAcceleration } from "../lib/acceleration";
import { environmentDir } from "../lib/places";
import { preflightLimits } from "../stacks/preflight";
import type { Hypervisor as DeclaredHypervisor, Stack } from "../stacks/stack";
import { goldenImage } from "./artifacts";

/** What machines are known by; all follow from the platform's seed. */
export interface NodeKeys {
  adminKey: pulumi.Output<SshKey>;
  /** SSH host key of the node of a name. */
  hostKey(node: string): pulumi.Output<SshKey>;
  /** Tells the guests of this state from those of another; no secret. */
  owner: pulumi.Output<string>;
}

/** What reaches beyond the program while it runs; tests on mocks have none. */
export interface Outside {
  /** What is done around the restart of a worker. */
  aroundRestart(node: string): pulumi.ResourceHookBinding;
  /** Names of nodes whose machine, where it is made anew, is made from the newest image. */
  anew: ReadonlySet<string>;
  /** The guests that run on each hypervisor, by its name; without those that do not answer. Absent: none is asked. */
  runningGuests?: (hypervisors: Hypervisor[]) => Map<string, Set<string>>;
}

export interface Nodes {
  all: Node[];
  /** Some hypervisor emulates its guests' CPUs. */
  emulated: boolean;
}

/** Every node of the stack, made or found. */
export function makeNodes(stack: Stack, keys: NodeKeys, outside: Outside | undefined, parent: pulumi.Resource): Nodes {
  const { adminKey, owner } = keys;
  const acceleration = detectAcceleration();
  const locals = new Map<string, LocalHypervisor>();
  for (const { name, kind } of stack.hypervisors) {
    if (kind !== "local") continue;
    if (!acceleration.kvm) tellOrRefuse(stack, acceleration.reason);
    const guests = stack.nodes.filter((node) => node.kind === "libvirt" && node.hypervisor.name === name);
    const args = {
      stack: stack.name,
      environmentDir: environmentDir(stack.name),
      cidr: stack.network.cidr,
      gateway: stack.network.gateway,
      guests: guests.map(({ name, role, address, reach }) => ({ name, role, address, reach })),
    };
    locals.set(name, new LocalHypervisor(name, args, acceleration, { parent }));
  }
  const limits = preflightLimits(stack);
  const hypervisorOf = (declared: DeclaredHypervisor) =>
    locals.get(declared.name)?.hypervisor ?? remoteHypervisor(declared, stack.name);
  const hypervisors = stack.hypervisors.map(hypervisorOf);
  const looks = outside?.runningGuests?.(hypervisors);
  for (const { name, poolDir } of hypervisors) {
    if (looks && !looks.has(name) && !poolDir) {
      void pulumi.log.warn(`Hypervisor ${name} does not answer: whether its guests run is not known.`);
    }
  }
  let after: pulumi.Resource | undefined;
  const all = stack.nodes.map((node): Node => {
    const { name, role, address, reach, cores, memoryMiB } = node;
    const { name: site, country } = node.site;
    const common = { role, site, country, address, reach, cores, memoryMiB, limits, adminKey };
    if (node.kind === "existing") {
      return new ExistingNode(name, { ...common, sshHostKey: node.sshHostKey, sshUser: node.sshUser }, { parent });
    }
    const local = locals.get(node.hypervisor.name);
    const hypervisor = hypervisorOf(node.hypervisor);
    const running = looks?.get(hypervisor.name);
    const restarts = role === "worker" && running?.has(`${hypervisor.guestPrefix}${name}`);
    const made = new KvmNode(
      name,
      {
        ...common,
        diskGiB: node.diskGiB,
        dataDiskGiB: node.dataDiskGiB,
        network: stack.network,
        hypervisor,
        image: goldenImage(),
        stack: stack.name,
        hostKey: keys.hostKey(name),
        owner,
        running,
        after,
        anew: outside?.anew.has(name),
        ...(outside && restarts ? { hooks: outside.aroundRestart(name) } : {}),
      },
      { parent, dependsOn: local ? [local.ready] : [] }, // guests need the daemon that starts them
    );
    after = made.domain;
    return made;
  });
  return { all, emulated: hypervisors.some(({ emulated }) => emulated) };
}

function remoteHypervisor(hypervisor: DeclaredHypervisor, stack: string): Hypervisor {
  if (hypervisor.kind !== "remote") throw new Error(`hypervisor ${hypervisor.name} is this machine`);
  const { name, uri, sshHostKey, bridge, storagePool, emulated } = hypervisor;
  return {
    name,
    uri,
    sshHostKey,
    bridge,
    pool: storagePool,
    readsStore: false,
    emulated,
    consoleLogDir: "/var/log/libvirt/qemu",
    guestPrefix: `${stack}.`, // no node's name holds a dot, so no two stacks make the same
  };
}

function tellOrRefuse(stack: Stack, reason: string): void {
  const cost = "guests run on emulated CPUs, about 12 times slower; expect some minutes where KVM takes seconds";
  if (!stack.cluster.emulationAllowed) {
    throw new Error(
      `KVM does not work on this machine: ${reason}. Without it ${cost}. Use a machine with KVM, or set grunnmur:cluster.emulationAllowed to true.`,
    );
  }
  pulumi.log.warn(`No KVM on this machine: ${reason}. The ${cost}.`);
}
