import * as ipaddr from "ipaddr.js";
import type { File } from "../payload";
import { egressFiles, egressUnits } from "./egress";
import type { Unit } from "./install-files";
import type { Egress, Peer, SiteNetwork } from "./node";
import { resolvers, siteNetwork } from "./seed";

/** What reads these files on every node, beside the network. */
export const siteUnits: Unit[] = [{ name: "chrony.service", watches: "/etc/chrony" }, ...egressUnits];

/**
 * What every node knows of its site: its neighbours' names, the way to their pods, the time, and what is outside.
 *
 * @param registryHost name under which images are pulled; resolved here because no name server is needed to start
 */
export function siteFiles(
  network: SiteNetwork,
  egress: Egress,
  self: Peer,
  peers: Peer[],
  registryHost: string,
): File[] {
  // In the order of their names: the order in which they are declared means nothing.
  const sorted = [...peers].sort((a, b) => (a.name < b.name ? -1 : 1));
  return [
    { path: "/etc/resolv.conf", content: resolvers(network) },
    { path: "/etc/systemd/network/10-site.network", content: siteNetwork(self.address, network) },
    { path: "/etc/hosts", content: hosts(sorted, registryHost) },
    { path: "/etc/systemd/network/10-site.network.d/pods.conf", content: podRoutes(network, self, sorted) },
    ...(network.ntpServers.length > 0
      ? [{ path: "/etc/chrony/sources.d/site.sources", content: timeSources(network.ntpServers) }]
      : []),
    ...egressFiles(network, egress),
  ];
}

/**
 * The range of a node's pods: the /24 of the pod network whose number is the node's own number in the site's network.
 * So it stays with the address, and neither a controller nor the order of the nodes decides it.
 *
 * @throws when the pod network has no such /24
 */
export function podRange(network: SiteNetwork, address: string): string {
  const [podBase, podBits] = ipaddr.IPv4.parseCIDR(network.podCidr);
  const number = toNumber(address) - toNumber(ipaddr.IPv4.networkAddressFromCIDR(network.cidr).toString());
  if (podBits > 24 || number < 0 || number >= 2 ** (24 - podBits)) {
    throw new Error(
      `no pod range for ${address}: it is number ${number} of ${network.cidr}, and ${network.podCidr} has ${Math.max(0, 2 ** (24 - podBits))} ranges of /24; use a larger network.podCidr or a lower address`,
    );
  }
  const range = toNumber(podBase.toString()) + number * 256;
  return `${toAddress(range)}/24`;
}

function hosts(peers: Peer[], registryHost: string): string {
  const lines = peers.map(({ name, role, address }) =>
    role === "registry" ? `${address} ${name} ${registryHost}` : `${address} ${name}`,
  );
  return ["127.0.0.1 localhost", ...lines, ""].join("\n");
}

function podRoutes(network: SiteNetwork, self: Peer, peers: Peer[]): string {
  const routes = peers
    .filter((peer) => peer.role !== "registry" && peer.name !== self.name)
    .map((peer) => `[Route]\nDestination=${podRange(network, peer.address)}\nGateway=${peer.address}\n`);
  return routes.join("\n");
}

function timeSources(servers: string[]): string {
  return servers.map((server) => `server ${server} iburst\n`).join("");
}

function toNumber(address: string): number {
  return ipaddr.IPv4.parse(address).octets.reduce((sum, octet) => sum * 256 + octet, 0);
}

function toAddress(value: number): string {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join(".");
}
