import { forgetObligations, readObligations } from "../../policies/crossguard/obligations";
import { say } from "../terminal/say";
import { stateFacts } from "./state-facts";

const SHOWN = 10;

/**
 * Runs a preview or an update, and tells afterwards what the policy packs could not decide in it: that is not passed,
 * and stands in a file until a later run or the cluster's admission decides it.
 */
export async function withObligations<T>(stack: string, work: () => Promise<T>): Promise<T> {
  forgetObligations(stack);
  // What the packs cannot see by themselves; Pulumi hands its environment on to them.
  process.env.GRUNNMUR_STATE = JSON.stringify(stateFacts(stack));
  try {
    return await work();
  } finally {
    tell(stack);
  }
}

function tell(stack: string): void {
  const { files, owed } = readObligations(stack);
  if (owed.length === 0) return;
  say(`\n${owed.length} ${owed.length === 1 ? "verdict is" : "verdicts are"} open; what is open is not passed:`);
  for (const { rule, resource, message, waitsFor } of owed.slice(0, SHOWN)) {
    say(`  ${rule}, ${nameOf(resource)}: ${message} (waits for ${waitsFor.join(", ")})`);
  }
  if (owed.length > SHOWN) say(`  ... and ${owed.length - SHOWN} more`);
  say(`All of them: ${files.join(", ")}`);
}

/** `<type>::<name>` of a URN, its last type only. */
function nameOf(urn: string): string {
  const [type = "", name = ""] = urn.split("::").slice(2);
  return name === "" ? urn : `${type.split("$").at(-1) ?? type} ${name}`;
}
