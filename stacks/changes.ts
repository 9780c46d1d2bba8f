import type { Node, Stack } from "./stack";

/** Data that a change deletes. */
export interface Loss {
  /** What it is accepted by: a node's name, or `sync`. */
  name: string;
  what: string;
}

/** What a change of a stack that is deployed comes to, besides what the preview shows. */
export interface Consequences {
  /** Why it cannot be made, each with the value that is deployed and a way around; empty where it can. */
  refusals: string[];
  losses: Loss[];
}

const ANEW = "set it back, or describe a second environment beside this one and destroy this one afterwards";

/**
 * Compares what is deployed with what shall be. Some values are built into a cluster when it is made: a run that changed
 * them in the state alone would claim what was not done, and one that applied them would take the cluster apart.
 */
export function consequences(deployed: Stack, wanted: Stack): Consequences {
  return {
    refusals: [
      ...builtIn(deployed, wanted),
      ...controlPlanes(deployed, wanted),
      ...lastWorker(deployed, wanted),
      ...nodesInPlace(deployed, wanted),
    ],
    losses: [...lostDisks(deployed, wanted), ...pruned(deployed, wanted)],
  };
}

/** Values that hold as long as the environment lives. */
function builtIn(deployed: Stack, wanted: Stack): string[] {
  const onThisMachine = wanted.hypervisors.some(({ kind }) => kind === "local");
  const values: [string, string, string, string][] = [
    ["the stack's name", deployed.name, wanted.name, "guests, namespaces and keys bear it"],
    ["cluster.name", deployed.cluster.name, wanted.cluster.name, "every kubeconfig and the agent's key bear it"],
    ["network.cidr", deployed.network.cidr, wanted.network.cidr, "each node's pods have their range by it"],
    ["network.podCidr", deployed.network.podCidr, wanted.network.podCidr, "pods that run have addresses of it"],
    ["network.serviceCidr", deployed.network.serviceCidr, wanted.network.serviceCidr, "Services have addresses of it"],
    ...(onThisMachine
      ? [
          ["network.gateway", deployed.network.gateway, wanted.network.gateway, "the bridge here has it"] as [
            string,
            string,
            string,
            string,
          ],
        ]
      : []),
  ];
  return values
    .filter(([, was, is]) => was !== is)
    .map(([key, was, is, reason]) => `${key} is "${was}" and cannot become "${is}": ${reason}; ${ANEW}`);
}

/**
 * Control planes come and go one way at a time, and some that holds the cluster's data stays. One moves to another hypervisor
 * as it is replaced: it leaves first, since etcd takes no member in while one of its own is dead. Whether the rest of etcd has
 * its majority, only etcd knows: it is asked before a member is taken out.
 */
function controlPlanes(deployed: Stack, wanted: Stack): string[] {
  const were = names(deployed, "control-plane");
  const are = names(wanted, "control-plane");
  const [come, go] = [are.filter((name) => !were.includes(name)), were.filter((name) => !are.includes(name))];
  const change = `the control planes are ${were.join(", ")} and cannot become ${are.join(", ")}`;
  if (go.length > 0 && go.length === were.length) {
    return [`${change}: none is left that has the cluster's data; ${ANEW}`];
  }
  if (come.length > 0 && go.length > 0) {
    // Their number is odd at each step.
    const more = (were.length + come.length) % 2 === 0 ? " and one more" : "";
    const added = `add ${come.join(", ")}${more} first`;
    return [
      `${change} at once: ${added}, and remove ${go.join(", ")}${more} by an up of its own; one whose hypervisor is lost keeps its name, and is given another hypervisor`,
    ];
  }
  const anew = pairs(deployed, wanted).flatMap(([was, is]) => {
    const why = was.role === "control-plane" ? madeAnew(was, is) : undefined;
    return why ? [{ name: is.name, why, moves: was.kind === is.kind && was.address === is.address }] : [];
  });
  return anew.flatMap(({ name, why, moves }) => {
    const made = `control plane ${name} would be made anew, for ${why}`;
    if (!moves)
      return [`${made}: set it back, or add two others by an up of its own first, and then remove it and another`];
    if (were.length === 1) {
      return [
        `${made}, and the cluster is what is on its disk: set it back, or add two others by an up of its own first`,
      ];
    }
    const meanwhile = [
      ...anew.filter((other) => other.name !== name).map((other) => `${other.name} is made anew`),
      ...come.map((other) => `${other} is added`),
      ...go.map((other) => `${other} is removed`),
    ];
    return meanwhile.length > 0
      ? [`${made}, while ${meanwhile.join(" and ")}: set all but one of these back, and make each by an up of its own`]
      : [];
  });
}

/** What runs there would have nowhere to go. */
function lastWorker(deployed: Stack, wanted: Stack): string[] {
  const were = names(deployed, "worker");
  if (were.length === 0 || were.some((name) => names(wanted, "worker").includes(name))) return [];
  return [
    `no worker stays of ${were.join(", ")}, and what runs there would have nowhere to go: add the new ones first, and remove the old ones by an up of its own`,
  ];
}

function nodesInPlace(deployed: Stack, wanted: Stack): string[] {
  const smaller = pairs(deployed, wanted)
    .filter(([was, is]) => is.diskGiB < was.diskGiB && !madeAnew(was, is))
    .map(
      ([was, is]) =>
        `the disk of ${is.name} has ${was.diskGiB} GiB and cannot shrink to ${is.diskGiB} GiB: set diskGiB back, or remove the node and add another`,
    );
  const dataDisks = pairs(deployed, wanted).flatMap(([was, is]) => dataDiskInPlace(was, is));
  const otherRole = pairs(deployed, wanted)
    .filter(([was, is]) => was.role !== is.role)
    .map(([was, is]) => `${is.name} is a ${was.role} and cannot become a ${is.role}: add a node of another name`);
  // The new guest comes before the old one goes, and both would answer at one address.
  const taken = wanted.nodes.flatMap((node) => {
    const holder = deployed.nodes.find(({ address }) => address === node.address);
    return holder && holder.name !== node.name
      ? [
          `${node.address} is the address of ${holder.name} and cannot become that of ${node.name}: give ${node.name} another address, or remove ${holder.name} by an up of its own first`,
        ]
      : [];
  });
  return [...smaller, ...dataDisks, ...otherRole, ...taken];
}

/** One that stays may grow. Without it the machine would find what was on its other disk before there was one. */
function dataDiskInPlace(was: Node, is: Node): string[] {
  const [before, after] = [dataDiskOf(was), dataDiskOf(is)];
  if (before === undefined || placeChanges(was, is).length > 0) return [];
  if (after === undefined) {
    return madeAnew(was, is)
      ? []
      : [
          `the data disk of ${is.name} has ${before} GiB and cannot be taken from a machine that stays: set dataDiskGiB back, or remove the node and add another`,
        ];
  }
  return after < before
    ? [
        `the data disk of ${is.name} has ${before} GiB and cannot shrink to ${after} GiB: set dataDiskGiB back, or remove the node and add another`,
      ]
    : [];
}

/** Guests whose disks go. A machine that exists already keeps its own. */
function lostDisks(deployed: Stack, wanted: Stack): Loss[] {
  return deployed.nodes.flatMap((was) => {
    if (was.kind !== "libvirt" || was.role === "control-plane") return [];
    const is = wanted.nodes.find(({ name }) => name === was.name);
    const why = is ? madeAnew(was, is) : "removed from the stack";
    if (!why) return [];
    const stays = is !== undefined && placeChanges(was, is).length === 0 && dataDiskOf(is) !== undefined;
    return [{ name: was.name, what: `${was.name} (${why}): ${onDisks(was, deployed, stays)}` }];
  });
}

/**
 * What is on the disks of a machine that is removed or made anew, in words.
 *
 * @param dataDiskStays whether its data disk, if it has one, is that of the next machine
 */
export function onDisks(node: Node, { sync, storage }: Stack, dataDiskStays: boolean): string {
  const size = dataDiskOf(node);
  const git =
    sync.gitHost.kind === "registry-node" ? " and the Git repositories, of which nothing else has a copy" : "";
  const data =
    node.role === "registry" ? `every image that CI pushed${git}` : "the volumes and logs of the pods that ran there";
  const disk = `its disk of ${node.diskGiB} GiB`;
  if (size === undefined) return `${disk} is deleted, with ${data}`;
  if (!dataDiskStays) return `${disk} and its data disk of ${size} GiB are deleted, with ${data}`;
  if (node.role === "registry") return `${disk} is deleted; its data disk of ${size} GiB stays, with ${data}`;
  return storage.enabled
    ? `${disk} is deleted, with the logs of the pods that ran there; its data disk of ${size} GiB stays, with their volumes`
    : `${disk} is deleted, with ${data}; its data disk of ${size} GiB stays`;
}

function dataDiskOf(node: Node): number | undefined {
  return node.kind === "libvirt" ? node.dataDiskGiB : undefined;
}

/** Flux deletes what it applied from the old source and does not find in the new one. */
function pruned(deployed: Stack, wanted: Stack): Loss[] {
  const source = ({ sync }: Stack) => `${sync.path} of branch ${sync.branch} of ${sync.repository}`;
  if (source(deployed) === source(wanted)) return [];
  return [
    {
      name: "sync",
      what: `what the agent applied from ${source(deployed)} and does not find in ${source(wanted)} is deleted from the cluster, namespaces and volume claims too`,
    },
  ];
}

/** Why a node's machine would be replaced; undefined where it stays. */
function madeAnew(was: Node, is: Node): string | undefined {
  const reasons = [...changed("address", was.address, is.address), ...placeChanges(was, is)];
  return reasons.length > 0 ? reasons.join(", ") : undefined;
}

/** Why nothing that lies on a node's disks can stay: the disks would be elsewhere. */
function placeChanges(was: Node, is: Node): string[] {
  const place = (node: Node) =>
    node.kind === "libvirt"
      ? { hypervisor: node.hypervisor.name, pool: "storagePool" in node.hypervisor ? node.hypervisor.storagePool : "" }
      : { hypervisor: "", pool: "" };
  return [
    ...changed("kind", was.kind, is.kind),
    ...changed("hypervisor", place(was).hypervisor, place(is).hypervisor),
    ...changed("storagePool", place(was).pool, place(is).pool),
  ];
}

function changed(key: string, before: string, after: string): string[] {
  return before === after ? [] : [`${key} "${before}" becomes "${after}"`];
}

function pairs(deployed: Stack, wanted: Stack): [Node, Node][] {
  return wanted.nodes.flatMap((is): [Node, Node][] => {
    const was = deployed.nodes.find(({ name }) => name === is.name);
    return was ? [[was, is]] : [];
  });
}

function names({ nodes }: Stack, role: Node["role"]): string[] {
  return nodes
    .filter((node) => node.role === role)
    .map(({ name }) => name)
    .sort();
}
