import { waitingRules } from "../network-policies/waiting";
import type { Node, SiteNetwork } from "../node/node";
import { podRange } from "../node/site-files";
import type { Pace } from "../pace";
import type { File } from "../payload";
import { script } from "../script";

/**
 * What a machine needs before it can become a node of the cluster: pod network, way to the API.
 * @param nodes all of the environment, the registry's too
 */
export function nodeFiles(
  network: SiteNetwork,
  address: string,
  nodes: readonly Pick<Node, "address">[],
  controlPlanes: Pick<Node, "name" | "address">[],
  pace: Pace,
): File[] {
  const range = podRange(network, address);
  return [
    { path: "/etc/cni/net.d/10-pods.conflist", content: podNetwork(range) },
    { path: "/etc/nftables.d/pods.nft", content: `${egress(network, nodes)}${waitingRules(range)}` },
    { path: "/etc/systemd/system/grunnmur-pod-egress.service", content: egressUnit },
    { path: "/etc/haproxy/haproxy.cfg", content: apiBalancer(controlPlanes, pace) },
  ];
}

/**
 * What a control plane's kubelet and its other services get of its CPU, where that is not as on any machine. Not one weight for
 * both: containerd has ten seconds to put a container that has ended away, and where it waits for the kubelet's share to do so,
 * nothing is started in that one's place.
 */
export function shareFiles({ controlPlaneWeights: weights }: Pace): File[] {
  if (!weights) return [];
  const { kubelet, services } = weights;
  return [
    {
      path: "/etc/systemd/system/system.slice.d/grunnmur-weight.conf",
      content: `[Slice]\nCPUWeight=${services}\n`,
    },
    {
      path: "/etc/systemd/system/kubelet.slice",
      content: `[Unit]\nDescription=The kubelet, beside all other services and all pods\n\n[Slice]\nCPUWeight=${kubelet}\n`,
    },
    {
      path: "/etc/systemd/system/kubelet.service.d/20-grunnmur-slice.conf",
      content: "[Service]\nSlice=kubelet.slice\n",
    },
  ];
}

/** By which a control plane renews its certificates: looked after each week, not on all control planes in the same moment. */
export function renewalFiles({ restartSeconds }: Pace): File[] {
  const lib = (name: string): File => ({
    path: `/usr/local/lib/grunnmur/${name}`,
    content: script(`cluster/scripts/${name}`),
    mode: 0o755,
  });
  return [
    lib("certificates.sh"),
    lib("static-pods.sh"),
    {
      path: "/etc/systemd/system/grunnmur-certificates.service",
      content: `[Unit]
Description=Renewal of the control plane's certificates

[Service]
Type=oneshot
Environment=PATIENCE=${restartSeconds}
ExecStart=/usr/local/lib/grunnmur/certificates.sh
`,
    },
    {
      path: "/etc/systemd/system/grunnmur-certificates.timer",
      content: `[Unit]
Description=Looks each week whether the control plane's certificates end soon

[Timer]
OnCalendar=weekly
RandomizedDelaySec=6d
FixedRandomDelay=true
Persistent=true

[Install]
WantedBy=timers.target
`,
    },
  ];
}

/** The reference bridge plugin: pods of a node on one bridge, routed to the other nodes by the site's network. */
function podNetwork(range: string): string {
  const network = {
    cniVersion: "1.0.0",
    name: "pods",
    plugins: [
      {
        type: "bridge",
        bridge: "cni0",
        isGateway: true,
        hairpinMode: true,
        ipam: { type: "host-local", ranges: [[{ subnet: range }]], routes: [{ dst: "0.0.0.0/0" }] },
      },
      { type: "portmap", capabilities: { portMappings: true } },
    ],
  };
  return `${JSON.stringify(network, null, 2)}\n`;
}

/**
 * Pods keep their own address towards nodes, which know the way to it, and take their node's towards all else: what else is in the
 * nodes' network, such as a Git host, has no way back to a pod.
 */
function egress({ podCidr }: SiteNetwork, nodes: readonly Pick<Node, "address">[]): string {
  const own = [podCidr, ...nodes.map(({ address }) => address).sort()].join(", ");
  return `table ip grunnmur
delete table ip grunnmur
table ip grunnmur {
  chain postrouting {
    type nat hook postrouting priority srcnat
    ip saddr ${podCidr} ip daddr != { ${own} } masquerade
  }
}
`;
}

const egressUnit = `[Unit]
Description=Source address of pods beyond the site, and what waits for a network policy
Before=kubelet.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/nft -f /etc/nftables.d/pods.nft

[Install]
WantedBy=multi-user.target
`;

/** Each node balances over the control planes for itself, so that no address has to move when one is lost. */
function apiBalancer(controlPlanes: Pick<Node, "name" | "address">[], { apiChecks }: Pace): string {
  // With one server there is nothing to choose: a check could only take it away. Of several, one that fails fast must not draw
  // connections, so each is asked whether it is ready, and what is connected to one that is not looks for another. All fail
  // at once where etcd is slow or looks for a leader: then each is asked all the same, since who is late is better than nobody.
  const several = controlPlanes.length > 1;
  const options = ["httpchk GET /readyz", "redispatch", "allbackups"].map((option) => `  option ${option}\n`).join("");
  const health = several ? `${options}  timeout check 10s\n` : "";
  const check = several
    ? ` check check-ssl verify none inter 3s fall ${apiChecks} rise 1 on-marked-down shutdown-sessions`
    : "";
  const sorted = [...controlPlanes].sort((a, b) => (a.name < b.name ? -1 : 1));
  const servers = [
    ...sorted.map(({ name, address }) => `  server ${name} ${address}:6443${check}`),
    ...(several ? sorted.map(({ name, address }) => `  server ${name}-unready ${address}:6443 backup`) : []),
  ];
  return `global
  user haproxy
  group haproxy
  chroot /var/lib/haproxy
defaults
  mode tcp
  timeout connect 10s
  timeout client 1h
  timeout server 1h
listen kubernetes-api
  bind 127.0.0.1:7443
  balance leastconn
${health}${servers.join("\n")}
`;
}
