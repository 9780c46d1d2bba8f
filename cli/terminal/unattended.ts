import { createInterface } from "node:readline/promises";
import { UserError } from "./user-error";

type Terminal = { isTTY?: boolean };

/** True when nobody is to be asked: `--yes`, or `CI` set to something other than an empty string, `0` or `false`. */
export function unattended(yes: boolean | undefined, environment: NodeJS.ProcessEnv = process.env): boolean {
  const ci = (environment.CI ?? "").toLowerCase();
  return yes === true || !["", "0", "false"].includes(ci);
}

/** Throws where somebody would have to be asked and nobody is there. `what` completes "needs your yes to …". */
export function requireSomebody(yes: boolean | undefined, what: string, input: Terminal = process.stdin): void {
  if (unattended(yes) || input.isTTY) return;
  throw new UserError(
    `grunnmur needs your yes to ${what}, and there is no terminal to ask at: add --yes (or set CI=true)`,
  );
}

/**
 * Throws where Pulumi would refuse to ask: unlike ours, its question goes to standard output, and to no dumb terminal
 * (sdk/go/common/util/cmdutil/console.go, InteractiveTerminal). It would do so only after everything else is made.
 */
export function requirePulumiCanAsk(
  yes: boolean | undefined,
  output: Terminal = process.stdout,
  environment: NodeJS.ProcessEnv = process.env,
): void {
  if (unattended(yes, environment)) return;
  if (output.isTTY && environment.TERM?.toLowerCase() !== "dumb") return;
  const why = output.isTTY ? "TERM is dumb" : "standard output is no terminal";
  throw new UserError(`Pulumi shows its preview and asks on a terminal, but ${why}: add --yes, or mend that`);
}

/** Asks at the terminal; `--yes` and `CI=true` answer for the user. */
export async function confirm(question: string, yes: boolean | undefined): Promise<boolean> {
  if (unattended(yes)) return true;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}
