import { pulumiOutput } from "./pulumi";

interface Resource {
  urn: string;
  type?: string;
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
}

interface Exported {
  deployment?: {
    resources?: Resource[];
    pending_operations?: { type: string; resource: { urn: string } }[];
  };
}

/**
 * Forgets that earlier runs were ended while they made something, once a run has come to its end: what the state has by now was
 * made since, by scripts that go on where they broke off. Pulumi would say at every run to come that its state is not known. What
 * the state does not have stays noted: it may be left somewhere, and `destroy` tells of it.
 */
export async function forgetInterrupted(stack: string): Promise<void> {
  await changeState(stack, leaveOutDone);
}

/**
 * Has the state differ from whatever the stack file says where a script was to bring a change about and did not come to its end:
 * by then the machine may be as the one or as the other says. Else a change that is taken back would seem never to have begun.
 *
 * @param failed URNs of resources that could not be changed; those at whose change a run was ended are found in the state
 */
export async function unsettle(stack: string, failed: ReadonlySet<string> = new Set()): Promise<void> {
  await changeState(stack, (exported) => markUnsettled(exported, failed));
}

async function changeState(stack: string, change: (exported: Exported) => boolean): Promise<void> {
  const exported = JSON.parse(await pulumiOutput(["stack", "export", "--stack", stack])) as Exported;
  if (!change(exported)) return;
  await pulumiOutput(["stack", "import", "--stack", stack], { input: JSON.stringify(exported) });
}

/** The mark says nothing to a script, also where its resource is deleted next: what it writes is only not shown. */
const UNSETTLED = { logging: "none" };

/** @returns whether there was something to mark */
export function markUnsettled({ deployment }: Exported, failed: ReadonlySet<string>): boolean {
  const begun = deployment?.pending_operations ?? [];
  const unsettled = new Set(failed);
  for (const { type, resource } of begun) if (type === "updating") unsettled.add(resource.urn);
  const scripts = (deployment?.resources ?? []).filter(
    ({ urn, type, inputs }) =>
      unsettled.has(urn) && type?.startsWith("command:") && inputs?.logging !== UNSETTLED.logging,
  );
  for (const one of scripts) {
    one.inputs = { ...one.inputs, ...UNSETTLED };
    one.outputs = { ...one.outputs, ...UNSETTLED };
  }
  return scripts.length > 0;
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
