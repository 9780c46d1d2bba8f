import type { Entry, Obligation } from "../engine/verdict";

import { Lines, type Piece, placeOf } from "./locate";
import { nameOf } from "./paths";
import type { Candidate, PlaceAsked, Reader } from "./reader";
import type { InputObject } from "./repository";

/** Where an entry's fault is written. */
interface Located {
  /** Absolute. */
  file: string;
  line: number;
}

/** Puts file and line on entries. Their `source` is the index of the object that they are about. */
export class Places {
  private readonly lines = new Lines();
  private readonly located = new Map<string, Located>();
  /** Directories whose kustomizations build an object with a fault of the same rule on the same line. */
  private readonly builders = new Map<string, Set<string>>();
  private piece: Piece | undefined;

  constructor(
    private readonly found: readonly InputObject[],
    private readonly options: { reader: Reader; stack?: { file: string; text: string } },
  ) {}

  /** Looks all of them up at once. */
  find(entries: readonly Entry[]): void {
    const asked = new Map<string, PlaceAsked>();
    for (const entry of entries) {
      const found = this.foundOf(entry);
      if (found && found.candidates.length > 0) asked.set(keyOf(entry), question(found, entry.path));
    }
    if (asked.size === 0) return;
    const { places } = this.options.reader.locate({ places: [...asked.values()] });
    [...asked.keys()].forEach((key, index) => {
      const place = places[index];
      if (place && place.line > 0) this.located.set(key, place);
    });
    for (const entry of entries) {
      const { builtBy } = this.foundOf(entry) ?? {};
      if (builtBy === undefined) continue;
      const key = this.faultOf(entry);
      this.builders.set(key, (this.builders.get(key) ?? new Set()).add(builtBy));
    }
  }

  /** The file beside which exceptions of an entry stand, and the directory above which none count. */
  beside(entry: Entry): { from: string; root: string } | undefined {
    const found = this.foundOf(entry);
    return found && { from: this.located.get(keyOf(entry))?.file ?? found.from, root: found.root };
  }

  put<E extends Entry | Obligation>(entry: E): E {
    const { source: _, line: __, ...rest } = entry;
    const found = this.foundOf(entry);
    if (found === undefined) return this.putStack(rest as E);
    const place = this.located.get(keyOf(entry));
    const builders = this.builders.get(this.faultOf(entry))?.size ?? 0;
    return {
      ...(rest as E),
      file: place ? nameOf(place.file) : found.file,
      ...(place && { line: place.line }),
      ...(builders > 1 && { message: `${entry.message} (as ${found.builtBy} builds it)` }),
      ...(found.urn !== undefined && { source: found.urn }),
    };
  }

  private foundOf({ source }: Entry): InputObject | undefined {
    return source === undefined ? undefined : this.found[Number(source)];
  }

  private faultOf(entry: Entry): string {
    const place = this.located.get(keyOf(entry));
    return JSON.stringify([entry.rule, entry.path, place?.file ?? this.foundOf(entry)?.from, place?.line]);
  }

  private putStack<E extends Entry>(entry: E): E {
    const { stack } = this.options;
    if (!stack || entry.kind !== "Stack") return entry;
    const [first = "", ...more] = placeOf(entry.path);
    this.piece ??= { file: stack.file, text: stack.text, firstLine: 1 };
    const line = this.lines.lineOf(this.piece, ["config", `grunnmur:${first}`, ...more]);
    return { ...entry, file: stack.file, line };
  }
}

const keyOf = ({ source, path }: Entry): string => `${source} ${path}`;

/** What the reader is asked where a place inside an object is written. @param at such as `spec.containers[0].image` */
export function question({ object, candidates }: InputObject, at: string): PlaceAsked {
  const path = placeOf(at);
  const keys: string[] = [];
  let here: unknown = object;
  for (const step of path) {
    const items = Array.isArray(here);
    here = here !== null && typeof here === "object" ? (here as Record<string | number, unknown>)[step] : undefined;
    const { name } = (items && here !== null && typeof here === "object" ? here : {}) as { name?: unknown };
    keys.push(typeof name === "string" ? name : "");
  }
  const isImage = path.at(-1) === "image";
  // A change of images says nothing of anything else.
  const asked: Candidate[] = candidates.filter(({ exact }) => !exact || isImage);
  const [only] = asked;
  return {
    // What is written in one place is found by its own order: two of its items may bear one name.
    candidates: asked.length === 1 && only ? [only] : asked.map((one) => ({ ...one, keys })),
    path,
    ...(here !== undefined && typeof here !== "object" && { value: here }),
  };
}
