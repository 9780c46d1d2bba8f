import * as ipaddr from "ipaddr.js";
import type { StackDraft } from "./draft";
import type { Problem } from "./errors";

/** Mistakes in addresses and ranges, judged together. */
export function networkProblems(stack: StackDraft): Problem[] {
  return [
    ...canonicalRanges(stack),
    ...usableRanges(stack),
    ...overlaps(stack),
    ...sizes(stack),
    ...gateway(stack),
    ...nodeAddresses(stack),
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
  if (least < 8) {
    problems.push({
      path: "network.cidr",
      message: `received "${cidr}", in which an address is too far from the first: ${place}`,
      remedy: "Take a smaller network, or lower addresses.",
    });
  } else if (podBits !== undefined && podBits > least) {
    problems.push({
      path: "network.podCidr",
      message: `received "${podCidr}", allowed is a /${least} or larger${place && `: ${place}`}`,
    });
  }
  const serviceBits = prefixLength(serviceCidr);
  if (serviceBits !== undefined && (serviceBits < 12 || serviceBits > 24)) {
    problems.push({
      path: "network.serviceCidr",
      message: `received "${serviceCidr}", allowed is a /12 to a /24`,
    });
  }
  return problems;
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

/** The address on this machine's loopback exists only for addresses that start with 10. */
function twins({ network, hypervisors }: StackDraft): Problem[] {
  const local = (hypervisors ?? []).some((h) => h?.kind === "local");
  if (!local || !network?.cidr || contains("10.0.0.0/8", firstAddress(network.cidr))) return [];
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
