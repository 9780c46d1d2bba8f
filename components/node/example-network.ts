import type { Egress, SiteNetwork } from "./node";

/** A site's network; for tests. */
export const network: SiteNetwork = {
  cidr: "10.20.0.0/24",
  gateway: "10.20.0.1",
  podCidr: "10.244.0.0/16",
  serviceCidr: "10.96.0.0/16",
  dnsServers: [],
  ntpServers: [],
};

/** Nothing outside is declared; for tests. */
export const egress: Egress = { mode: "enforce", destinations: [] };
