/** The netfilter queue in which connections wait for their verdict. */
export const queue = 100;

/**
 * Rules of a node's own, in force before its kubelet starts: what is new to or from its pods waits in the queue, and where
 * nobody gives verdicts there it does not pass. The agent's own rules come on top when it runs, and they alone would leave
 * pods open until it does.
 *
 * Pods have no IPv6 but what a kernel gives every interface, which no policy knows of.
 *
 * @param range addresses of this node's pods
 */
export function waitingRules(range: string): string {
  return `table inet grunnmur-policies
delete table inet grunnmur-policies
table inet grunnmur-policies {
  chain forward {
    type filter hook forward priority filter
    iifname cni0 meta nfproto ipv6 drop
    ct state new ip saddr ${range} queue to ${queue}
    ct state new ip daddr ${range} queue to ${queue}
  }
  chain input {
    type filter hook input priority filter
    iifname cni0 meta nfproto ipv6 drop
    ct state new ip saddr ${range} queue to ${queue}
  }
}
`;
}
