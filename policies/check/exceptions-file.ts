import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Exception } from "../engine/verdict";
import { Lines, type Piece, type Place } from "./locate";
import { readOwnFile } from "./own-file";
import { isWithin, nameOf } from "./paths";
import type { Note } from "./report";

/** Beside the manifests that it is about; it holds for its directory and those below. */
export const EXCEPTIONS_FILE = ".grunnmur-exceptions.yaml";

const NEEDED = ["rule", "reason", "who", "until"] as const;
const ALLOWED = new Set<string>([...NEEDED, "apiVersion", "kind", "namespace", "name"]);

/** Exceptions by the directory in which they stand. Each file is read once. */
export class ExceptionFiles {
  readonly unread: Note[] = [];
  private readonly byDirectory = new Map<string, Exception[]>();

  /** @param rules every rule there is: an exception from none of them is a mistake */
  constructor(private readonly rules: ReadonlySet<string>) {}

  /** What holds for a file: the nearest directory's exceptions first. @param root nothing above it is looked at */
  forFile(file: string, root: string): Exception[] {
    const found: Exception[] = [];
    const last = resolve(root);
    for (let directory = dirname(resolve(file)); ; directory = dirname(directory)) {
      found.push(...this.inDirectory(directory));
      if (directory === last || !isWithin(last, directory) || dirname(directory) === directory) return found;
    }
  }

  private inDirectory(directory: string): Exception[] {
    let exceptions = this.byDirectory.get(directory);
    if (exceptions === undefined) {
      const file = join(directory, EXCEPTIONS_FILE);
      exceptions = existsSync(file) ? this.read(file) : [];
      this.byDirectory.set(directory, exceptions);
    }
    return exceptions;
  }

  private read(file: string): Exception[] {
    const read = readOwnFile(file);
    if ("reason" in read) {
      this.unread.push(read);
      return [];
    }
    const piece: Piece = { file: nameOf(file), text: read.text, firstLine: 1 };
    const content = read.value as { exceptions?: unknown } | null | undefined;
    const entries = content?.exceptions;
    const lines = new Lines();
    const refuse = (place: Place, reason: string) =>
      this.unread.push({ file: piece.file, line: lines.lineOf(piece, place), reason });
    if (!Array.isArray(entries)) {
      refuse([], "`exceptions` is not a list; each entry has rule, reason, who and until");
      return [];
    }
    return entries.flatMap((entry: unknown, index): Exception[] => {
      const fault = this.faultIn(entry);
      if (fault) refuse(["exceptions", index], fault);
      return fault ? [] : [entry as Exception];
    });
  }

  private faultIn(entry: unknown): string | undefined {
    if (entry === null || typeof entry !== "object") return "an exception is a map with rule, reason, who and until";
    const fields = entry as Record<string, unknown>;
    const strange = Object.keys(fields).filter((key) => !ALLOWED.has(key));
    if (strange.length > 0) return `unknown key ${strange.join(", ")}; allowed: ${[...ALLOWED].join(", ")}`;
    const wrong = Object.keys(fields).filter((key) => !isSaid(fields[key]));
    const missing = NEEDED.filter((key) => !(key in fields));
    if (missing.length > 0 || wrong.length > 0) return `${[...missing, ...wrong].join(", ")} must be a text`;
    if (!this.rules.has(String(fields.rule))) return `there is no rule ${String(fields.rule)}`;
    if (!isDay(String(fields.until))) return `until is ${String(fields.until)}; allowed: a day such as 2027-01-31`;
    return undefined;
  }
}

const isSaid = (value: unknown): boolean => typeof value === "string" && value.trim() !== "";

function isDay(text: string): boolean {
  const time = Date.parse(`${text}T00:00:00Z`);
  return /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}
