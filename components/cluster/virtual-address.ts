import type { Unit } from "../node/install-files";
import type { Node } from "../node/node";
import type { Pace } from "../pace";
import type { File } from "../payload";

type Peer = Pick<Node, "name" | "address">;

/** Of a control plane. Where no virtual address is declared any more its file goes, and the unit gives the address back. */
export const virtualAddressUnit: Unit = {
  name: "grunnmur-virtual-address.service",
  watches: "/etc/keepalived/grunnmur",
};

/**
 * By which one of the control planes has the address at which the API is reached from outside: VRRP (RFC 9568), by keepalived, told
 * from each to each. One whose API server is not ready gives it away. It says nothing to who is in the site's network: what is
 * there could claim any address by itself.
 *
 * @param address in the site's network; absent where there is none
 */
export function virtualAddressFiles(
  self: Peer,
  controlPlanes: readonly Peer[],
  address: string | undefined,
  pace: Pace,
): File[] {
  const unit = { path: `/etc/systemd/system/${virtualAddressUnit.name}`, content: service };
  if (!address) return [unit];
  return [unit, { path: configuration, content: keepalived(self, controlPlanes, address, pace) }];
}

const configuration = "/etc/keepalived/grunnmur.conf";

const service = `[Unit]
Description=The API's virtual address, where this control plane has it
ConditionPathExists=${configuration}
After=network.target

[Service]
ExecStartPre=/bin/sh -c 'test -x /usr/sbin/keepalived || { echo "this image has no keepalived: ./grunnmur upgrade or replace makes the machine anew" >&2; exit 1; }'
ExecStart=/usr/sbin/keepalived --dont-fork --log-console --use-file ${configuration}
ExecReload=/bin/kill -HUP $MAINPID
Restart=on-failure
RestartSec=5

[Install]
WantedBy=multi-user.target
`;

function keepalived({ name, address: own }: Peer, all: readonly Peer[], address: string, pace: Pace): string {
  const peers = all
    .filter((peer) => peer.name !== name)
    .map((peer) => `    ${peer.address}\n`)
    .sort();
  // A look costs an emulated machine seconds, and one that is late is no lost control plane.
  const [interval, advert] = pace.lean ? [15, 5] : [2, 1];
  return `global_defs {
  router_id ${name}
  script_user root
  enable_script_security
  vrrp_garp_master_refresh 60
}
vrrp_script api {
  script "/usr/bin/curl -sfk -m ${interval * 2} -o /dev/null https://127.0.0.1:6443/readyz"
  interval ${interval}
  timeout ${interval * 2}
  fall ${pace.apiChecks}
  rise 2
}
vrrp_instance api {
  state BACKUP
  nopreempt
  interface eth0
  virtual_router_id ${address.split(".")[3]}
  priority 100
  advert_int ${advert}
  unicast_src_ip ${own}
${peers.length > 0 ? `  unicast_peer {\n${peers.join("")}  }\n` : ""}  virtual_ipaddress {
    ${address}/32 dev eth0
  }
  track_script {
    api
  }
}
`;
}
