/** What a Node object tells of its machine. */
export interface NodeRuns {
  /** Such as `v1.36.4`. */
  kubelet: string;
  containerd: string;
  kernel: string;
  ready: boolean;
  /** Nobody has told it to take no new pods, as `kubectl cordon` does. */
  takesPods: boolean;
}

/** The part of a list of Nodes that is read here. */
export interface NodeList {
  items: {
    metadata: { name: string };
    spec?: { unschedulable?: boolean };
    status?: {
      conditions?: { type: string; status: string }[];
      nodeInfo?: { kubeletVersion: string; containerRuntimeVersion: string; kernelVersion: string };
    };
  }[];
}

/** By the node's name. */
export function nodeRuns({ items }: NodeList): Map<string, NodeRuns> {
  return new Map(
    items.map(({ metadata, spec, status }) => [
      metadata.name,
      {
        kubelet: status?.nodeInfo?.kubeletVersion ?? "",
        containerd: (status?.nodeInfo?.containerRuntimeVersion ?? "").replace("containerd://", ""),
        kernel: status?.nodeInfo?.kernelVersion ?? "",
        ready: status?.conditions?.some((one) => one.type === "Ready" && one.status === "True") ?? false,
        takesPods: spec?.unschedulable !== true,
      },
    ]),
  );
}
