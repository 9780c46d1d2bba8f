import type { File } from "../payload";
import { script } from "../script";
import type { Unit } from "./install-files";
import type { Egress, EgressDestination, SiteNetwork } from "./node";

/**
 * What a node lets itself and its pods reach beyond the site: what the stack declares, and nothing else. It holds for every
 * packet on its way out, so it is of no use to have a connection already, and nothing in the cluster can open it. Who asked
 * from outside is answered.
 *
 * Names are looked up by the node, again and again: a host that declares addresses is reached there alone.
 */
export function egressFiles(network: SiteNetwork, egress: Egress): File[] {
  const unit = (name: string, content: string): File => ({ path: `/etc/systemd/system/${name}`, content });
  return [
    { path: "/etc/nftables.d/egress.nft", content: egressRules(network, egress) },
    {
      path: "/etc/nftables.d/egress.names",
      content: named(network, egress)
        .map((host) => `${host}\n`)
        .join(""),
    },
    { path: program, content: script("node/scripts/egress.sh"), mode: 0o755 },
    unit("grunnmur-egress.service", loading),
    unit("grunnmur-egress-refresh.service", refreshing),
    unit("grunnmur-egress-refresh.timer", timer),
  ];
}

export const egressUnits: Unit[] = [
  { name: "grunnmur-egress.service", watches: "/etc/nftables.d/egress", reload: true },
  { name: "grunnmur-egress-refresh.timer", watches: "/etc/systemd/system/grunnmur-egress-refresh.timer" },
];

/** nftables, as a whole and at once. */
export function egressRules(network: SiteNetwork, egress: Egress): string {
  const { cidr, podCidr, serviceCidr } = network;
  const near = `    ct direction reply accept
    ip daddr @inside accept
    ip6 daddr { fe80::/10, ff02::/16 } accept
    # That of a service is a pod's by now. It is nobody's until kube-proxy has said whose: who asks then asks again.
    ip daddr ${serviceCidr} drop
`;
  const sets = named(network, egress).map((host) => `  set ${setOf(host)} { type ipv4_addr; }\n`);
  return `# Where nodes and pods may go.
table inet grunnmur-egress
delete table inet grunnmur-egress
table inet grunnmur-egress {
  set inside { type ipv4_addr; flags interval; auto-merge; elements = { ${cidr}, ${podCidr} }; }
  set logged { type ipv4_addr; size 65535; flags dynamic, timeout; timeout 10m; }
${sets.join("")}  counter pods { }
  counter node { }
  chain declared {
${declared(network, egress)
  .map((rule) => `    ${rule}\n`)
  .join("")}  }
  chain pods {
    type filter hook forward priority filter - 10
${near}    jump declared
    counter name pods
${otherwise(egress.mode)}  }
  chain node {
    type filter hook output priority filter - 10
    oifname lo accept
${near}    # No router passes these on: neighbours' VRRP, for one.
    ip daddr { 224.0.0.0/24, 255.255.255.255 } accept
    jump declared
    counter name node
${otherwise(egress.mode)}  }
}
`;
}

// What is connected is told so that it ends now, and not when its patience does.
const refusal = `    ct state established meta l4proto tcp reject with tcp reset
    reject with icmpx admin-prohibited
`;

/** What is said of the rest, at a rate for each address; not on the console, which a guest pays for. */
function otherwise(mode: Egress["mode"]): string {
  const prefix = mode === "enforce" ? "grunnmur-egress refused " : "grunnmur-egress would refuse ";
  const log = `log prefix "${prefix}" level debug`;
  return `    update @logged { ip saddr limit rate 6/minute burst 3 packets } ${log}
    meta nfproto ipv6 limit rate 6/minute burst 3 packets ${log}
${mode === "enforce" ? refusal : ""}`;
}

/** A rule for each range, resolver and time server: so each says how much went there. */
function declared({ dnsServers, ntpServers }: SiteNetwork, { destinations }: Egress): string[] {
  return [
    ...dnsServers.map((server) => rule(`ip daddr ${server} meta l4proto { tcp, udp } th dport 53`, "resolver")),
    ...ntpServers.map((server) =>
      rule(`ip daddr ${isAddress(server) ? server : `@${setOf(server)}`} udp dport 123`, server),
    ),
    ...destinations.flatMap((one) =>
      targets(one).flatMap((target) => ports(one).map((port) => rule(`ip daddr ${target}${port}`, one.host))),
    ),
  ];
}

const rule = (match: string, comment: string): string => `${match} counter accept comment "${comment}"`;

const targets = ({ host, addresses }: EgressDestination): string[] => {
  if (addresses.length > 0) return addresses;
  return [isAddress(host) ? host : `@${setOf(host)}`];
};

/** Of one protocol all together; one empty text where all are open. */
function ports({ ports: all }: EgressDestination): string[] {
  if (all.length === 0) return [""];
  return ["tcp", "udp"].flatMap((protocol) => {
    const numbers = new Set(all.filter((one) => one.endsWith(`/${protocol}`)).map((one) => one.split("/")[0]));
    return numbers.size > 0 ? [` ${protocol} dport { ${[...numbers].join(", ")} }`] : [];
  });
}

/** Hosts whose addresses the node looks up. */
function named({ ntpServers }: SiteNetwork, { destinations }: Egress): string[] {
  const hosts = destinations.filter(({ addresses }) => addresses.length === 0).map(({ host }) => host);
  return [...new Set([...ntpServers, ...hosts])].filter((host) => !isAddress(host)).sort();
}

const isAddress = (host: string): boolean => /^[0-9.]+$/.test(host);

const setOf = (host: string): string => `to_${host}`;

const program = "/usr/local/lib/grunnmur/egress.sh";

// Before the network, so that nothing leaves first; and without it no kubelet, so that no pod runs past it.
const loading = `[Unit]
Description=What this node and its pods may reach outside
DefaultDependencies=no
Wants=network-pre.target
Before=network-pre.target kubelet.service shutdown.target
After=local-fs.target
Conflicts=shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=${program} load
ExecReload=${program} load
ExecReload=${program} refresh

[Install]
WantedBy=sysinit.target
RequiredBy=kubelet.service
`;

const refreshing = `[Unit]
Description=Addresses of what this node may reach by name, and its rules as they were loaded
After=grunnmur-egress.service

[Service]
Type=oneshot
ExecStart=${program} refresh
`;

const timer = `[Unit]
Description=Looks every five minutes where names lead that this node may reach

[Timer]
OnActiveSec=1s
OnUnitActiveSec=5min
AccuracySec=10s

[Install]
WantedBy=timers.target
`;
