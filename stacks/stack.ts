import type { HypervisorConfig, NodeConfig, StackConfig } from "./schema";
import type { Site } from "./sites";

/** A hypervisor, its site looked up. */
export type LocalHypervisor = Omit<Extract<HypervisorConfig, { kind: "local" }>, "site"> & { site: Site };
export type RemoteHypervisor = Omit<Extract<HypervisorConfig, { kind: "remote" }>, "site"> & { site: Site };
export type Hypervisor = LocalHypervisor | RemoteHypervisor;

interface Resolved {
  site: Site;
  /** Where the node answers, seen from the machine that runs the program: an IPv4 address or a host name. */
  reach: string;
}

/** A KVM guest to be made; its site is its hypervisor's. */
export type LibvirtNode = Omit<Extract<NodeConfig, { kind: "libvirt" }>, "hypervisor"> &
  Resolved & { hypervisor: Hypervisor };

/** A machine that exists already. */
export type ExistingNode = Omit<Extract<NodeConfig, { kind: "existing" }>, "site"> & Resolved;

export type Node = LibvirtNode | ExistingNode;

/** An environment: its configuration checked, defaults filled in, every name looked up. Holds no secret. */
export interface Stack
  extends Omit<StackConfig, "sites" | "hypervisors" | "nodes" | "cluster" | "storage" | "metrics" | "sync"> {
  name: string;
  hypervisors: Hypervisor[];
  nodes: Node[];
  cluster: StackConfig["cluster"] & {
    name: string;
    emulationAllowed: boolean;
    driftGuard: NonNullable<StackConfig["cluster"]["driftGuard"]>;
  };
  storage: StackConfig["storage"] & { reclaimPolicy: NonNullable<StackConfig["storage"]["reclaimPolicy"]> };
  metrics: { enabled: boolean };
  sync: StackConfig["sync"] & { path: string };
}

/**
 * The address on this machine's loopback at which a guest of the local hypervisor answers: 10.x.y.z is 127.x.y.z.
 * The guests' own network lies in a namespace of its own that nothing outside can route to.
 */
export function loopbackTwin(address: string): string {
  return address.replace(/^10\./, "127.");
}
