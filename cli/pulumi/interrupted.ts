import { pulumiOutput } from "./pulumi";

interface Exported {
  deployment?: {
    resources?: { urn: string }[];
    pending_operations?: { type: string; resource: { urn: string } }[];
  };
}

/**
 * Forgets that earlier runs were ended while they made something, once a run has come to its end: what the state has by now was
 * made since, by scripts that go on where they broke off. Pulumi would say at every run to come that its state is not known. What
 * the state does not have stays noted: it may be left somewhere, and `destroy` tells of it.
 */
export async function forgetInterrupted(stack: string): Promise<void> {
  const exported = JSON.parse(await pulumiOutput(["stack", "export", "--stack", stack])) as Exported;
  if (!leaveOutDone(exported)) return;
  await pulumiOutput(["stack", "import", "--stack", stack], { input: JSON.stringify(exported) });
}

/** @returns whether there was something to leave out */
export function leaveOutDone({ deployment }: Exported): boolean {
  const begun = deployment?.pending_operations ?? [];
  const there = new Set(deployment?.resources?.map(({ urn }) => urn));
  const left = begun.filter(({ type, resource }) => type !== "creating" || !there.has(resource.urn));
  if (!deployment || left.length === begun.length) return false;
  deployment.pending_operations = left;
  return true;
}
