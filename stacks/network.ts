import * as ipaddr from "ipaddr.js";
import type { StackDraft } from "./draft";
import type { Problem } from "./errors";

/** Mistakes in addresses and ranges, judged together. */
export function networkProblems(stack: StackDraft): Problem[] {
  return [
    ...canonicalRanges(stack),
    ...usableRanges(stack),
    ...overlaps(stack),
    ...room(stack),
    ...sizes(stack),
    ...gateway(stack),
    ...nodeAddresses(stack),
    ...virtualAddress(stack),
    ...twins(stack),
  ];
}

const RANGES = ["cidr", "podCidr", "serviceCidr"] as const;

function canonicalRanges({ network }: StackDraft): Problem[] {
  return RANGES.flatMap((key) => {
    const range = network?.[key];
    if (range === undefined || firstAddress(range) === range.split("/")[0]) return [];
    const canonical = `${firstAddress(range)}/${range.split("/")[1]}`;
    return [
      {
        path: `network.${key}`,
        message: `received "${range}", allowed is a network's first address before the slash`,
        remedy: `Write ${canonical}.`,
      },
    ];
  });
}

/** Ranges whose addresses mean something else everywhere (IANA's special-purpose registry). */
const SPECIAL: Record<string, string> = {
  "0.0.0.0/8": "this network",
  "127.0.0.0/8": "a machine's own loopback",
  "169.254.0.0/16": "link-local addresses",
  "224.0.0.0/3": "multicast and reserved addresses",
};

function usableRanges({ network }: StackDraft): Problem[] {
  return RANGES.flatMap((key) => {
    const range = network?.[key];
    const special = range && Object.keys(SPECIAL).find((each) => overlap(each, range));
    if (!special) return [];
    const message = `received "${range}", which overlaps with ${special}, ${SPECIAL[special]}`;
    return [{ path: `network.${key}`, message, remedy: "Take a private network, such as one in 10.0.0.0/8." }];
  });
}

function overlaps({ network }: StackDraft): Problem[] {
  return RANGES.flatMap((key, i) =>
    RANGES.slice(0, i).flatMap((other) => {
      const [a, b] = [network?.[key], network?.[other]];
      if (!a || !b || !overlap(a, b)) return [];
      return [
        {
          path: `network.${key}`,
          message: `received "${a}", which overlaps with network.${other}, "${b}"`,
          remedy: "Nodes, pods and services need ranges of their own.",
        },
      ];
    }),
  );
}

/** Prefix lengths of a nodes' network: above /16 no pod network has a /24 for each address; a /29 holds five nodes. */
const CIDR = { least: 16, most: 29 };

/** The first and the last address and the gateway are nobody's. */
function room({ network, nodes }: StackDraft): Problem[] {
  const cidr = network?.cidr;
  const bits = prefixLength(cidr);
  if (cidr === undefined || bits === undefined) return [];
  const path = "network.cidr";
  const nodeCount = nodes?.length ?? 0;
  const needed = Math.max(CIDR.least, Math.min(CIDR.most, 32 - Math.ceil(Math.log2(nodeCount + 3))));
  if (bits < CIDR.least || bits > CIDR.most) {
    const message = `received "${cidr}", allowed is a /${CIDR.least} to a /${CIDR.most}`;
    return [{ path, message, remedy: `For ${nodeCount} nodes a /${needed} is enough.` }];
  }
  const places = 2 ** (32 - bits) - 3;
  if (nodeCount <= places) return [];
  const has = `has room for ${places} nodes beside the gateway; the stack has ${nodeCount}`;
  const message = `received "${cidr}", which ${has}`;
  return [{ path, message, remedy: `Take a /${needed} or larger.` }];
}

/**
 * A node's pods have the /24 whose number is the node's own number in `cidr` (components/node/site-files.ts), so the
 * highest address says how large the pods' range must be. The API server allows at most 20 bits of service addresses.
 */
function sizes({ network, nodes }: StackDraft): Problem[] {
  const problems: Problem[] = [];
  const { cidr, podCidr, serviceCidr } = network ?? {};
  const [number, path] = highest(cidr, nodes);
  const podBits = prefixLength(podCidr);
  const least = 24 - Math.ceil(Math.log2(number + 1));
  const place = path ? `${path} is number ${number} of network.cidr, and its pods have the /24 of that number` : "";
  // A network that is too large is told of already.
  if (podCidr !== undefined && podBits !== undefined && least >= 8 && podBits > least) {
    const message = `received "${podCidr}", allowed is a /${least} or larger${place && `: ${place}`}`;
    problems.push({ path: "network.podCidr", message, remedy: resized(podCidr, least, [cidr, serviceCidr]) });
  }
  const serviceBits = prefixLength(serviceCidr);
  if (serviceCidr !== undefined && serviceBits !== undefined && (serviceBits < 12 || serviceBits > 24)) {
    const size = serviceBits < 12 ? 12 : 24;
    problems.push({
      path: "network.serviceCidr",
      message: `received "${serviceCidr}", allowed is a /12 to a /24`,
      remedy: resized(serviceCidr, size, [cidr, podCidr]),
    });
  }
  return problems;
}

/** The range of the size at the same place, where it takes nothing from the others. */
function resized(range: string, bits: number, others: (string | undefined)[]): string {
  const wanted = `${firstAddress(`${range.split("/")[0]}/${bits}`)}/${bits}`;
  const taken = [...others, ...Object.keys(SPECIAL)].some((other) => other !== undefined && overlap(other, wanted));
  return taken ? `Take a /${bits} that overlaps with no other range.` : `Write ${wanted}.`;
}

/** The highest number that a cluster node's address has in `cidr`, and where it stands; an address outside is not counted. */
function highest(cidr: string | undefined, nodes: StackDraft["nodes"] = []): [number: number, path?: string] {
  if (!cidr) return [0];
  const numbered = nodes.flatMap((node, i): [number, string][] => {
    const address = node?.role === "registry" ? undefined : node?.address;
    if (!address || !contains(cidr, address)) return [];
    return [[toNumber(address) - toNumber(firstAddress(cidr)), `nodes[${i}].address`]];
  });
  return numbered.sort(([a], [b]) => b - a)[0] ?? [0];
}

function toNumber(address: string): number {
  return ipaddr.IPv4.parse(address).octets.reduce((sum, octet) => sum * 256 + octet, 0);
}

function gateway({ network }: StackDraft): Problem[] {
  return network?.gateway && network.cidr ? outside("network.gateway", network.gateway, network.cidr) : [];
}

function nodeAddresses({ network, nodes }: StackDraft): Problem[] {
  const cidr = network?.cidr;
  return (nodes ?? []).flatMap((node, i) => {
    if (!node?.address || !cidr) return [];
    const path = `nodes[${i}].address`;
    if (node.address === network.gateway) {
      return [{ path, message: `received "${node.address}", which is network.gateway`, remedy: "Choose another." }];
    }
    return outside(path, node.address, cidr);
  });
}

function virtualAddress({ network, hypervisors, nodes, cluster }: StackDraft): Problem[] {
  const received = cluster?.virtualAddress;
  if (!received || !network?.cidr) return [];
  const path = "cluster.virtualAddress";
  if ((hypervisors ?? []).some((h) => h?.kind === "local")) {
    const message = `received "${received}", and nothing outside reaches the network of a local hypervisor's guests`;
    return [{ path, message, remedy: "Take it out." }];
  }
  const holder = (nodes ?? []).findIndex((node) => node?.address === received);
  const taken = received === network.gateway ? "network.gateway" : holder >= 0 ? `nodes[${holder}].address` : undefined;
  if (taken) return [{ path, message: `received "${received}", which is ${taken}`, remedy: "Choose another." }];
  return outside(path, received, network.cidr);
}

/** The address on this machine's loopback exists only for addresses that start with 10; one is the machine's own. */
function twins({ network, hypervisors, nodes }: StackDraft): Problem[] {
  const local = (hypervisors ?? []).some((h) => h?.kind === "local");
  if (!local || !network?.cidr) return [];
  if (contains("10.0.0.0/8", firstAddress(network.cidr))) {
    return (nodes ?? []).flatMap((node, i) =>
      node?.address === "10.0.0.1" && network.gateway !== node.address
        ? [
            {
              path: `nodes[${i}].address`,
              message: 'received "10.0.0.1", allowed with a local hypervisor is any other',
              remedy: "This machine would reach it at 127.0.0.1, which is its own.",
            },
          ]
        : [],
    );
  }
  return [
    {
      path: "network.cidr",
      message: `received "${network.cidr}", allowed with a local hypervisor is a network in 10.0.0.0/8`,
      remedy: "This machine reaches a guest 10.x.y.z at 127.x.y.z.",
    },
  ];
}

/** The first and the last address of a network name the network itself and everybody in it. */
function outside(path: string, address: string, cidr: string): Problem[] {
  const [first, last] = [firstAddress(cidr), lastAddress(cidr)];
  if (contains(cidr, address) && address !== first && address !== last) return [];
  const message = `received "${address}", allowed is an address of network.cidr, "${cidr}", after ${first} and before ${last}`;
  return [{ path, message }];
}

function overlap(a: string, b: string): boolean {
  return contains(a, firstAddress(b)) || contains(b, firstAddress(a));
}

function contains(cidr: string, address: string): boolean {
  return ipaddr.IPv4.parse(address).match(ipaddr.IPv4.parseCIDR(cidr));
}

function firstAddress(cidr: string): string {
  return ipaddr.IPv4.networkAddressFromCIDR(cidr).toString();
}

function lastAddress(cidr: string): string {
  return ipaddr.IPv4.broadcastAddressFromCIDR(cidr).toString();
}

function prefixLength(cidr: string | undefined): number | undefined {
  return cidr === undefined ? undefined : ipaddr.IPv4.parseCIDR(cidr)[1];
}
