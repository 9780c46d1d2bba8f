import { EVENT_ID, type Event, getScalarValue, parseEvents } from "js-yaml";
import type { Piece } from "./text";

/** A place inside a YAML document: keys and indexes. */
export type Place = readonly (string | number)[];

/** `spec.containers[0].labels["a.b/c"]` as keys and indexes. */
export function placeOf(path: string): Place {
  const parts: (string | number)[] = [];
  for (const [, quoted, index, key] of path.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.[\]]+)/g)) {
    if (index !== undefined) parts.push(Number(index));
    else parts.push(quoted ?? key ?? "");
  }
  return parts;
}

/** The line of the file on which a place is written; of the nearest thing around it where it is not written at all. */
export class Lines {
  private readonly events = new Map<Piece, readonly Event[]>();

  lineOf(piece: Piece, place: Place): number {
    let offset = 0;
    try {
      offset = find(this.eventsOf(piece), piece.text, place);
    } catch {
      // The document was readable as a whole, so this is a form that has no line of its own: its first one will do.
    }
    let line = piece.firstLine;
    for (let at = piece.text.indexOf("\n"); at >= 0 && at < offset; at = piece.text.indexOf("\n", at + 1)) line++;
    return line;
  }

  private eventsOf(piece: Piece): readonly Event[] {
    let events = this.events.get(piece);
    if (events === undefined) {
      events = parseEvents(piece.text, { maxDepth: 1000 });
      this.events.set(piece, events);
    }
    return events;
  }
}

function find(events: readonly Event[], text: string, place: Place): number {
  let at = 1;
  let offset = startOf(events[at], 0);
  for (const step of place) {
    const event = events[at];
    if (event?.type === EVENT_ID.MAPPING) {
      const pair = pairOf(events, at + 1, text, String(step));
      if (pair === undefined) return offset;
      offset = pair.key;
      at = pair.value;
    } else if (event?.type === EVENT_ID.SEQUENCE && typeof step === "number") {
      let item = at + 1;
      for (let index = 0; index < step && events[item]?.type !== EVENT_ID.POP; index++) item = after(events, item);
      if (events[item] === undefined || events[item]?.type === EVENT_ID.POP) return offset;
      offset = startOf(events[item], offset);
      at = item;
    } else {
      return offset;
    }
  }
  return offset;
}

function pairOf(
  events: readonly Event[],
  first: number,
  text: string,
  wanted: string,
): { key: number; value: number } | undefined {
  for (let at = first; events[at] !== undefined && events[at]?.type !== EVENT_ID.POP; ) {
    const key = events[at];
    const value = after(events, at);
    if (key?.type === EVENT_ID.SCALAR && getScalarValue(text, key) === wanted) return { key: key.valueStart, value };
    at = after(events, value);
  }
  return undefined;
}

/** The event behind the node that begins at `at`. */
function after(events: readonly Event[], at: number): number {
  let open = 0;
  for (let here = at; here < events.length; here++) {
    const type = events[here]?.type;
    if (type === EVENT_ID.MAPPING || type === EVENT_ID.SEQUENCE) open++;
    else if (type === EVENT_ID.POP) open--;
    if (open === 0) return here + 1;
  }
  return events.length;
}

function startOf(event: Event | undefined, otherwise: number): number {
  switch (event?.type) {
    case EVENT_ID.SCALAR:
      return event.valueStart < 0 ? otherwise : event.valueStart;
    case EVENT_ID.MAPPING:
    case EVENT_ID.SEQUENCE:
      return event.start;
    case EVENT_ID.ALIAS:
      return event.anchorStart;
    default:
      return otherwise;
  }
}
