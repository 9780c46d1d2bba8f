import { artifactReady, ensure } from "../../artifacts/store";
import { machine } from "../../lib/machine";
import type { Stack } from "../../stacks/stack";
import type { Work } from "./estimate";

/** What a preview reads: it runs the program, and the program reads the Flux manifests. */
const FOR_PREVIEW = ["pulumi", "flux-manifests"];

/** Names of the artifacts that the environment is built from. */
export function artifactsFor(stack: Stack): string[] {
  const makesGuests = stack.nodes.some(({ kind }) => kind === "libvirt");
  return [
    ...FOR_PREVIEW,
    "crane",
    "images",
    // For kubectl; the nodes' own binaries are in the golden image.
    "kubernetes",
    ...(makesGuests ? ["golden-image"] : []),
    ...(stack.storage.enabled ? ["storage-image"] : []),
    ...(stack.ingress.hosts.length > 0 ? ["ingress-image"] : []),
    ...(stack.metrics.enabled ? ["metrics-server-image"] : []),
    ...(stack.monitoring.enabled
      ? ["prometheus-image", "alertmanager-image", "node-exporter-image", "monitoring-image"]
      : []),
    ...(stack.sync.gitHost.kind !== "registry-node" ? ["check-image"] : []),
    ...(stack.sync.demo ? ["payment-service"] : []),
  ];
}

/** Names of the artifacts that are not in the store yet. */
export const missingArtifacts = (stack: Stack): string[] => artifactsFor(stack).filter((name) => !artifactReady(name));

/** Brings into the store what `pulumi preview` needs. */
export const prepareForPreview = (): Promise<void> => ensure(FOR_PREVIEW);

/** What an `up` of this environment from nothing has before it on this machine, which is measured where it was not. */
export function workOf(stack: Stack): Work {
  const here = machine();
  return {
    machine: here,
    emulated: stack.hypervisors.some((each) => (each.kind === "local" ? !here.kvm : each.emulated)),
    nodes: stack.nodes.length,
    artifacts: artifactsFor(stack).length,
    missing: missingArtifacts(stack).length,
  };
}
