import type { Peer } from "./node";

// No port 80: who serves something on this machine has it taken, on all of its addresses.
const ports: Record<Peer["role"], number[]> = { registry: [22, 443], "control-plane": [22, 6443], worker: [22, 443] };

/**
 * HAProxy's configuration for reaching guests in a network namespace from this machine's loopback: each listens on the
 * guest's `reach` address and the guest's own port. HAProxy because its servers can stand in another namespace than its
 * listeners, so that no link joins the two.
 *
 * A guest may drop the first packets of a connection (see api-gate.ts): the kernel sends some more in ten seconds. One that
 * is off does not answer for its address, which the kernel tells within three.
 */
export function forwarderConfig(namespace: string, guests: (Peer & { reach: string })[]): string {
  const sections = guests.flatMap(({ name, role, address, reach }) =>
    ports[role].map(
      (port) => `listen ${name}-${port}
  bind ${reach}:${port}
  server guest ${address}:${port} namespace ${namespace}
`,
    ),
  );
  return [
    `defaults
  mode tcp
  timeout connect 10s
  retries 0
  timeout client 1h
  timeout server 1h
`,
    ...sections,
  ].join("\n");
}
