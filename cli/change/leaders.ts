import type { Finding } from "./cause";
import type { Described } from "./observed";

/** By which one of several is the leader, as long as it renews it. */
export interface Lease extends Described {
  spec?: { holderIdentity?: string; leaseDurationSeconds?: number; renewTime?: string };
}

/** What nobody does where a part has no leader. */
const UNDONE = {
  "kube-controller-manager": {
    stage: "not acted on",
    what: "what is in the cluster is only written down: no pods are made for it, none are ended",
  },
  "kube-scheduler": { stage: "not scheduled", what: "no pod is given a node" },
} as const;

/** The clock here and that of a control plane, milliseconds. */
const CLOCKS = 60_000;

/**
 * Parts of the control plane whose leader has let its lease end, and no other has taken it: an API server that answers shows
 * nothing of that. A part that was never led is none of them.
 */
export function ofLeaders(leases: readonly Lease[], now = Date.now()): Finding[] {
  return Object.entries(UNDONE).flatMap(([part, { stage, what }]): Finding[] => {
    const { renewTime, leaseDurationSeconds = 0 } = leases.find(({ metadata }) => metadata.name === part)?.spec ?? {};
    const since = Date.parse(renewTime ?? "");
    if (Number.isNaN(since) || now < since + leaseDurationSeconds * 1000 + CLOCKS) return [];
    return [
      {
        ...{ stage, object: null },
        detail: `${part} does not run on any control plane since ${new Date(since).toISOString()}: ${what}`,
        remedy: `is its pod up? ./grunnmur kubectl get pods -n kube-system; why not: ./grunnmur ssh CONTROL-PLANE journalctl -u kubelet -u containerd -n 50`,
      },
    ];
  });
}
