import { artifactReady, ensure } from "../../artifacts/store";
import type { Stack } from "../../stacks/stack";

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
    ...(stack.sync.demo ? ["payment-service"] : []),
  ];
}

/** Names of the artifacts that are not in the store yet. */
export const missingArtifacts = (stack: Stack): string[] => artifactsFor(stack).filter((name) => !artifactReady(name));

/** Brings into the store what `pulumi preview` needs. */
export const prepareForPreview = (): Promise<void> => ensure(FOR_PREVIEW);
