import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
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

export interface ObligationFile {
  stack: string;
  pack: string;
  obligations: Owed[];
}

/** `GRUNNMUR_HOME/state`; its default is the one of the whole project. */
export function obligationsDir(environment: NodeJS.ProcessEnv = process.env): string {
  const data = environment.XDG_DATA_HOME || join(homedir(), ".local", "share");
  return join(environment.GRUNNMUR_HOME ? resolve(environment.GRUNNMUR_HOME) : join(data, "grunnmur"), "state");
}

const fileOf = (stack: string, pack: string, directory: string): string =>
  join(directory, `obligations-${stack}-${pack}.json`);

/** The obligations of one run of one pack. The file says at any time what is owed then: a run may end at any time. */
export class Obligations {
  private readonly owed = new Map<string, readonly Owed[]>();
  private written = false;

  constructor(
    private readonly pack: string,
    private readonly directory = obligationsDir(),
  ) {}

  /** What one verdict owes; it takes the place of what the same verdict owed before. @param key names the verdict */
  set(stack: string, key: string, owed: readonly Owed[]): void {
    const before = this.owed.get(key) ?? [];
    if (owed.length > 0) this.owed.set(key, owed);
    else this.owed.delete(key);
    if (!this.written || before.length > 0 || owed.length > 0) this.write(stack);
  }

  private write(stack: string): void {
    const content: ObligationFile = { stack, pack: this.pack, obligations: [...this.owed.values()].flat() };
    mkdirSync(this.directory, { recursive: true, mode: 0o700 });
    const file = fileOf(stack, this.pack, this.directory);
    const partial = `${file}.partial-${process.pid}`;
    writeFileSync(partial, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
    renameSync(partial, file);
    this.written = true;
  }
}

function filesOf(stack: string, directory: string): string[] {
  if (!existsSync(directory)) return [];
  const name = new RegExp(`^obligations-${stack}-(gdpr-data-locality|resource-limits)\\.json$`);
  return readdirSync(directory)
    .filter((file) => name.test(file))
    .map((file) => join(directory, file));
}

/** What the last run of every pack left undecided. */
export function readObligations(stack: string, directory = obligationsDir()): { files: string[]; owed: Owed[] } {
  const files = filesOf(stack, directory);
  const owed = files.flatMap((file) => (JSON.parse(readFileSync(file, "utf8")) as ObligationFile).obligations);
  return { files, owed };
}

/** Before a run: what an earlier one owed says nothing about this one. */
export function forgetObligations(stack: string, directory = obligationsDir()): void {
  for (const file of filesOf(stack, directory)) rmSync(file, { force: true });
}
