import { EVENT_ID, type Event, getScalarValue, parseEvents } from "js-yaml";

/** A file of our own, or a stack file, with the 1-based line on which the text begins. */
export interface Piece {
  file: string;
  text: string;
  firstLine: number;
}

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

/** A node of a document: the offset at which it begins, and what is in it. */
interface Node {
  offset: number;
  /** Of a mapping: where each key stands, and its value. */
  pairs?: Map<string, { offset: number; value: Node }>;
  /** Of a sequence. */
  items?: Node[];
}

/** A document taken apart once: a list of many thousand objects is asked for each of them. */
interface Taken {
  root: Node;
  /** Offsets of the line breaks. */
  breaks: number[];
}

/** The line of the file on which a place is written; of the nearest thing around it where it is not written at all. */
export class Lines {
  private readonly taken = new Map<Piece, Taken>();

  lineOf(piece: Piece, place: Place): number {
    const { root, breaks } = this.take(piece);
    return piece.firstLine + countBelow(breaks, find(root, place));
  }

  private take(piece: Piece): Taken {
    let taken = this.taken.get(piece);
    if (taken === undefined) {
      taken = { root: rootOf(piece.text), breaks: [...piece.text.matchAll(/\n/g)].map(({ index }) => index) };
      this.taken.set(piece, taken);
    }
    return taken;
  }
}

function rootOf(text: string): Node {
  try {
    return treeOf(parseEvents(text, { maxDepth: 1000 }), text);
  } catch {
    // The document was readable as a whole, so this is a form that has no line of its own: its first one will do.
    return { offset: 0 };
  }
}

function find(root: Node, place: Place): number {
  let { offset } = root;
  let here = root;
  for (const step of place) {
    const pair = here.pairs?.get(String(step));
    const next = pair?.value ?? (typeof step === "number" ? here.items?.[step] : undefined);
    if (next === undefined) return offset;
    offset = pair?.offset ?? next.offset;
    here = next;
  }
  return offset;
}

/** The first document of a text, behind the event that opens it. */
function treeOf(events: readonly Event[], text: string): Node {
  let at = 1;
  const closed = (): boolean => events[at] === undefined || events[at]?.type === EVENT_ID.POP;
  const node = (otherwise: number): Node => {
    const event = events[at++];
    const offset = startOf(event, otherwise);
    if (event?.type !== EVENT_ID.MAPPING && event?.type !== EVENT_ID.SEQUENCE) return { offset };
    const pairs: NonNullable<Node["pairs"]> = new Map();
    const items: Node[] = [];
    while (!closed()) {
      const first = events[at];
      const item = node(offset);
      items.push(item);
      if (event.type === EVENT_ID.SEQUENCE) continue;
      const value = node(item.offset);
      if (first?.type === EVENT_ID.SCALAR) pairs.set(getScalarValue(text, first), { offset: item.offset, value });
    }
    at++;
    return event.type === EVENT_ID.SEQUENCE ? { offset, items } : { offset, pairs };
  };
  return node(0);
}

/** How many of these ascending numbers are below a limit. */
function countBelow(numbers: readonly number[], limit: number): number {
  let low = 0;
  for (let high = numbers.length; low < high; ) {
    const middle = (low + high) >>> 1;
    if ((numbers[middle] ?? 0) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
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
