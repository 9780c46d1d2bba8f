import type { SshKey } from "../keys/ssh";
import type { File } from "../payload";
import type { SiteNetwork } from "./node";

export interface SeedArgs {
  name: string;
  address: string;
  /** Enough for the first contact; the site's files take over from there. */
  network: Pick<SiteNetwork, "cidr" | "gateway" | "dnsServers">;
  /** Made by the program, so that the first connection is pinned already. */
  hostKey: SshKey;
  /** Public key that may log in as root. */
  adminKey: string;
}

/** What a guest finds on its second disk at first boot: who it is and who may log in. */
export function seedFiles({ name, address, network, hostKey, adminKey }: SeedArgs): File[] {
  return [
    { path: "/etc/hostname", content: `${name}\n` },
    { path: "/etc/ssh/ssh_host_ed25519_key", content: hostKey.privateKey, mode: 0o600 },
    { path: "/etc/ssh/ssh_host_ed25519_key.pub", content: `${hostKey.publicKey}\n` },
    { path: "/root/.ssh/authorized_keys", content: `${adminKey}\n`, mode: 0o600 },
    { path: "/etc/resolv.conf", content: resolvers(network) },
    { path: "/etc/systemd/network/10-site.network", content: siteNetwork(address, network) },
  ];
}

export function siteNetwork(address: string, { cidr, gateway }: Pick<SiteNetwork, "cidr" | "gateway">): string {
  return `[Match]
Name=eth0

[Network]
Address=${address}/${cidr.split("/")[1]}
Gateway=${gateway}
LinkLocalAddressing=no
IPv6AcceptRA=no
LLMNR=no
`;
}

export function resolvers({ dnsServers, gateway }: Pick<SiteNetwork, "dnsServers" | "gateway">): string {
  // CoreDNS refuses to start without an upstream; where there is none, a silent one says the same.
  const servers = dnsServers.length > 0 ? dnsServers : [gateway];
  return servers.map((server) => `nameserver ${server}\n`).join("");
}
