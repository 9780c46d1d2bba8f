import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { Lines } from "./locate";
import { readOwnFile } from "./own-file";
import { isWithin, nameOf } from "./paths";
import type { Note } from "./report";

/** Says what of a repository is not for the agent, and why. */
export const DECLARATIONS_FILE = ".grunnmur-check.yaml";

interface Declared {
  path: string;
  reason: string;
}

/** What is declared in a repository. A declaration silences that something could not be judged, never a judgement. */
export class Declarations {
  readonly unread: Note[] = [];
  private readonly byDirectory = new Map<string, Declared[]>();

  /** @param root of the repository: nothing above it is looked at */
  constructor(private readonly root: string) {}

  /** Why a path is declared to be passed over; undefined where it is not. */
  reasonFor(path: string): string | undefined {
    for (let directory = dirname(resolve(path)); ; directory = dirname(directory)) {
      if (!isWithin(this.root, directory)) return undefined;
      const found = this.inDirectory(directory).find((declared) => isWithin(declared.path, path));
      if (found) return found.reason;
      if (directory === this.root) return undefined;
    }
  }

  private inDirectory(directory: string): Declared[] {
    let declared = this.byDirectory.get(directory);
    if (declared === undefined) {
      const file = join(directory, DECLARATIONS_FILE);
      declared = existsSync(file) ? this.read(file, directory) : [];
      this.byDirectory.set(directory, declared);
    }
    return declared;
  }

  private read(file: string, directory: string): Declared[] {
    const read = readOwnFile(file);
    if ("reason" in read) {
      this.unread.push(read);
      return [];
    }
    const lines = new Lines();
    const piece = { file: nameOf(file), text: read.text, firstLine: 1 };
    const refuse = (place: (string | number)[], reason: string) =>
      this.unread.push({ file: piece.file, line: lines.lineOf(piece, place), reason });
    const content = (read.value ?? {}) as Record<string, unknown>;
    const strange = Object.keys(content).filter((key) => key !== "passOver");
    if (strange.length > 0) refuse(strange.slice(0, 1), `unknown key ${strange.join(", ")}; allowed: passOver`);
    if (!Array.isArray(content.passOver)) {
      refuse([], "passOver is not a list of { path, reason }");
      return [];
    }
    return content.passOver.flatMap((entry: unknown, index) => {
      const { path, reason, ...more } = (entry ?? {}) as Record<string, unknown>;
      const place = ["passOver", index];
      if (typeof path !== "string" || typeof reason !== "string" || reason.trim() === "" || path.trim() === "")
        refuse(place, "path and reason must be texts");
      else if (Object.keys(more).length > 0)
        refuse(place, `unknown key ${Object.keys(more).join(", ")}; allowed: path, reason`);
      else if (!isWithin(directory, resolve(directory, path)))
        refuse(place, `path is ${path}; allowed: a path in the directory of this file or below`);
      else return [{ path: resolve(directory, path), reason: reason.trim() }];
      return [];
    });
  }
}
