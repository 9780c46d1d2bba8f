import type { EngineEvent } from "./events";
import { nameOf, stageOf } from "./stage-times";

/** One thing that went wrong in an update. */
export interface Failure {
  stage: string;
  resource: string;
  /** The message; of a long one its first and its last lines. */
  message: string;
}

// Go's and Node's words for "the other side was not there (any more)". The administrator may do everything: an API server that
// says otherwise has just started, and does not know its roles yet. One that gave a request up holds the address that it had taken
// for the Service, until its own repair finds that there is none.
const TRANSIENT =
  /User "grunnmur-admin" cannot |provided IP is already allocated|: EOF$|timed? ?out|deadline exceeded|connection (refused|reset|closed)|ECONNREFUSED|ECONNRESET|EHOSTUNREACH|no route to host|unexpected EOF|handshake|temporarily|too many requests|etcdserver/i;

/**
 * The script in an error of Pulumi's command provider, quoted by Go: `exit status 1: running "set -eu\n…":`, then a new
 * line with all that it wrote (provider/pkg/provider/util, `%w: running %q:\n%s`).
 */
const QUOTED_SCRIPT = /: running "(?:[^"\\\n]|\\.)*":(?=\n|$)/;
/** How our stand-in for that provider says the same. */
const STAND_IN_OUTPUT = /^the `\w+` script .*The end of what it wrote:$/m;

/** What the engine writes before the words of the program's own hook (infra/consequences.ts). */
const REFUSED_BY_HOOK = /^(?:.*: )?(?:before )?hook "consequences" failed: (?:Error: )?/s;

const BEFORE_HOOK = /^(?:.*: )?before hook "[^"]*" failed: /s;

const FIRST_LINES = 3;
const LAST_LINES = 5;

/** Gathers what failed in an update from the engine's events. */
export class Failures {
  readonly list: Failure[] = [];
  /** URNs of resources that were not touched, since something is to be done before and was not. */
  readonly heldBack = new Set<string>();
  private policyViolated = false;
  private refusals = 0;
  private readonly judged: string[] = [];

  event(event: EngineEvent): void {
    const { diagnosticEvent: said, policyEvent: policy } = event;
    if (policy?.enforcementLevel === "mandatory") this.policyViolated = true;
    if (said?.severity !== "error") return;
    const raw = said.message.replace(/<\{%[^%]*%\}>/g, "").trim();
    if (!raw || raw === "update failed" || raw === "preview failed") return;
    const text = raw.replace(QUOTED_SCRIPT, ":").replace(REFUSED_BY_HOOK, "").trim();
    if (REFUSED_BY_HOOK.test(raw)) this.refusals++;
    if (BEFORE_HOOK.test(raw)) this.heldBack.add(said.urn ?? "");
    this.judged.push(text !== raw || STAND_IN_OUTPUT.test(raw) ? errorOfScript(text) : text);
    const urn = said.urn ?? "";
    this.list.push({ stage: urn && stageOf(urn), resource: urn && nameOf(urn), message: excerpt(text) });
  }

  /** True where the program refused the change as a whole, which it does before it touches anything. */
  refused(): boolean {
    return this.refusals > 0 && this.refusals === this.list.length;
  }

  /** True where every failure is of the kind that goes away by itself. */
  transient(): boolean {
    return !this.policyViolated && this.judged.length > 0 && this.judged.every((text) => TRANSIENT.test(text));
  }
}

/**
 * How a script ended and its last word. What it wrote before tells of things that it waited for and got, so it says
 * nothing about what stopped it.
 */
function errorOfScript(text: string): string {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return [lines[0], ...lines.slice(1).slice(-1)].join("\n");
}

/** What failed stands first, and why a script failed stands last. */
function excerpt(text: string): string {
  const lines = text.split("\n");
  const shown =
    lines.length <= FIRST_LINES + LAST_LINES + 1
      ? lines
      : [...lines.slice(0, FIRST_LINES), "... (all of it stands above)", ...lines.slice(-LAST_LINES)];
  return shown.join("\n    ");
}
