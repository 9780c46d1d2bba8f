import type { Unit } from "../node/install-files";
import type { Pace } from "../pace";
import type { File } from "../payload";

/** Of a control plane. Where nothing is held back any more, its rules go. */
export const apiGateUnit: Unit = { name: "grunnmur-api-gate.service", watches: "/etc/nftables.d/api.nft" };

/**
 * Has a control plane let few new connections a second to its API server, where handshakes of TLS are slow. While one starts, all
 * that ask it call anew without end, each waiting request with a connection of its own: what it begins and cannot end in their ten
 * seconds is all that it does, and it ends itself because it is not through with its start in a minute. Whose first packet is
 * dropped sends it again a second or some later, and what is connected stays so.
 */
export function apiGateFiles({ newApiConnections }: Pace): File[] {
  return [
    {
      path: apiGateUnit.watches,
      content: `table inet grunnmur-api\ndelete table inet grunnmur-api\n${rules(newApiConnections)}`,
    },
    { path: `/etc/systemd/system/${apiGateUnit.name}`, content: service },
  ];
}

function rules(allowed: Pace["newApiConnections"]): string {
  if (!allowed) return "";
  return `table inet grunnmur-api {
  chain input {
    type filter hook input priority filter - 1
    tcp dport 6443 ct state new limit rate over ${allowed.aSecond}/second burst ${allowed.atOnce} packets counter drop
  }
}
`;
}

const service = `[Unit]
Description=New connections to the API server, where they come few at a time
Before=kubelet.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/nft -f ${apiGateUnit.watches}

[Install]
WantedBy=multi-user.target
`;
