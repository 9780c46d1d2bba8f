import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";

/** Something that a policy pack could not decide. It is written down, and never taken for a pass. */
export interface Owed {
  rule: string;
  severity: string;
  /** URN of the resource. */
  resource: string;
  path: string;
  message: string;
  /** The values that have to be known first. */
  waitsFor: string[];
}

/** One line of the file: what one verdict owes. A later line with the same key takes the place of an earlier one. */
interface Line {
  key: string;
  owed: readonly Owed[];
}

/** `GRUNNMUR_HOME/state`; its default is the one of the whole project. */
export function obligationsDir(environment: NodeJS.ProcessEnv = process.env): string {
  const data = environment.XDG_DATA_HOME || join(homedir(), ".local", "share");
  return join(environment.GRUNNMUR_HOME ? resolve(environment.GRUNNMUR_HOME) : join(data, "grunnmur"), "state");
}

const fileOf = (stack: string, pack: string, directory: string): string =>
  join(directory, `obligations-${stack}-${pack}.jsonl`);

/**
 * The obligations of one run of one pack. The file says at any time what is owed then, because a run may end at any
 * time; a line is added for each verdict that leaves something open, and for each that closes it.
 */
export class Obligations {
  private readonly open = new Set<string>();
  private file: string | undefined;

  /** @param directory undefined: nothing is written down, and what is owed is told alone */
  constructor(
    private readonly pack: string,
    private readonly directory: string | undefined,
  ) {}

  /** What one verdict owes; it takes the place of what the same verdict owed before. @param key names the verdict */
  set(stack: string, key: string, owed: readonly Owed[]): void {
    if (this.directory === undefined) return;
    this.file ??= this.begin(stack, this.directory);
    if (owed.length === 0 && !this.open.delete(key)) return;
    if (owed.length > 0) this.open.add(key);
    appendFileSync(this.file, `${JSON.stringify({ key, owed } satisfies Line)}\n`);
  }

  private begin(stack: string, directory: string): string {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const file = fileOf(stack, this.pack, directory);
    writeFileSync(file, "", { mode: 0o600 });
    return file;
  }
}

function filesOf(stack: string, directory: string): string[] {
  if (!existsSync(directory)) return [];
  const name = new RegExp(`^obligations-${stack}-(gdpr-data-locality|resource-limits)\\.jsonl$`);
  return readdirSync(directory)
    .filter((file) => name.test(file))
    .map((file) => join(directory, file));
}

/** What the last run of every pack left undecided. */
export function readObligations(stack: string, directory = obligationsDir()): { files: string[]; owed: Owed[] } {
  const files = filesOf(stack, directory);
  const owed = files.flatMap((file) => {
    const lines = readFileSync(file, "utf8").split("\n").filter(Boolean);
    const byKey = new Map(lines.map((line) => [(JSON.parse(line) as Line).key, (JSON.parse(line) as Line).owed]));
    return [...byKey.values()].flat();
  });
  return { files, owed };
}

/** Before a run: what an earlier one owed says nothing about this one. */
export function forgetObligations(stack: string, directory = obligationsDir()): void {
  for (const file of filesOf(stack, directory)) rmSync(file, { force: true });
}
