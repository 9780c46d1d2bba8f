import type { EngineEvent } from "./events";
import { nameOf, stageOf } from "./stage-times";

/** One thing that went wrong in an update. */
export interface Failure {
  stage: string;
  resource: string;
  /** The message, its first lines. */
  message: string;
}

// Go's and Node's words for "the other side was not there (any more)".
const TRANSIENT =
  /timed? ?out|deadline exceeded|connection (refused|reset|closed)|ECONNREFUSED|ECONNRESET|EHOSTUNREACH|no route to host|unexpected EOF|handshake|temporarily|too many requests|etcdserver/i;

const SHOWN_LINES = 6;

/** Gathers what failed in an update from the engine's events. */
export class Failures {
  readonly list: Failure[] = [];
  private policyViolated = false;
  private readonly texts: string[] = [];

  event(event: EngineEvent): void {
    const { diagnosticEvent: said, policyEvent: policy } = event;
    if (policy?.enforcementLevel === "mandatory") this.policyViolated = true;
    if (said?.severity !== "error") return;
    const text = said.message.replace(/<\{%[^%]*%\}>/g, "").trim();
    if (!text || text === "update failed" || text === "preview failed") return;
    this.texts.push(text);
    const urn = said.urn ?? "";
    this.list.push({ stage: urn && stageOf(urn), resource: urn && nameOf(urn), message: firstLines(text) });
  }

  /** True where every failure is of the kind that goes away by itself. */
  transient(): boolean {
    return !this.policyViolated && this.texts.length > 0 && this.texts.every((text) => TRANSIENT.test(text));
  }
}

function firstLines(text: string): string {
  const lines = text.split("\n");
  const shown = lines.slice(0, SHOWN_LINES).join("\n    ");
  return lines.length > SHOWN_LINES ? `${shown}\n    ... (all of it stands above)` : shown;
}
