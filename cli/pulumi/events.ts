import { closeSync, openSync, readSync, statSync } from "node:fs";
import type * as api from "@pulumi/pulumi/automation";

/** The parts of Pulumi's engine events that we read. Its types lack `isPreview`, which it writes. */
export interface EngineEvent {
  resourcePreEvent?: { metadata: StepMetadata };
  resOutputsEvent?: { metadata: StepMetadata };
  resOpFailedEvent?: { metadata: StepMetadata };
  diagnosticEvent?: Pick<api.DiagnosticEvent, "urn" | "message" | "severity">;
  summaryEvent?: { isPreview: boolean; resourceChanges?: Record<string, number>; PolicyPacks?: Record<string, string> };
  policyEvent?: Pick<api.PolicyEvent, "enforcementLevel"> &
    Partial<Pick<api.PolicyEvent, "message" | "policyName" | "policyPackName" | "resourceUrn">>;
}

/** Components have no `provider` of their own: theirs is empty. */
export type StepMetadata = Pick<api.StepEventMetadata, "op" | "urn"> &
  Partial<Pick<api.StepEventMetadata, "provider" | "type" | "diffs" | "detailedDiff">>;

const POLL_MILLISECONDS = 250;

/**
 * Reads an event log while Pulumi writes it: `onEvent` is called for each whole line. The function returned ends that,
 * after a last look. Where the log is begun anew, what came before was a preview, and is told to be over. A line that
 * is no event is left out: the log is for progress only, never for decisions on state.
 */
export function followEvents(file: string, onEvent: (event: EngineEvent) => void): () => void {
  let offset = 0;
  let rest = Buffer.alloc(0);
  const look = (): void => {
    const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    if (size < offset) {
      offset = 0;
      rest = Buffer.alloc(0);
      onEvent({ summaryEvent: { isPreview: true } });
    }
    if (size === offset) return;
    const chunk = Buffer.alloc(size - offset);
    const handle = openSync(file, "r");
    const length = readSync(handle, chunk, 0, chunk.length, offset);
    closeSync(handle);
    offset += length;
    rest = Buffer.concat([rest, chunk.subarray(0, length)]);
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      const event = parseEvent(rest.subarray(0, end).toString());
      rest = rest.subarray(end + 1);
      if (event) onEvent(event);
    }
  };
  const timer = setInterval(look, POLL_MILLISECONDS);
  return () => {
    clearInterval(timer);
    look();
  };
}

/** All events of a log whose run has ended. */
export const parseEvents = (text: string): EngineEvent[] => text.split("\n").flatMap((line) => parseEvent(line) ?? []);

function parseEvent(line: string): EngineEvent | undefined {
  try {
    return JSON.parse(line) as EngineEvent;
  } catch {
    return undefined;
  }
}
