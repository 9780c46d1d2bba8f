import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { digests } from "./digest";
import { guarded } from "./guard";
import { keyOf } from "./key";
import type { Progress } from "./progress";

/** One thing that the store can hold, and how it is made. */
export interface Recipe {
  name: string;
  /** Artifacts that this one is made from; their keys are part of its key. */
  needs: string[];
  /** What its content follows from, besides `files`: versions, flags. Any JSON value. */
  from: unknown;
  /** Absolute paths of the files and folders that its content follows from. */
  files: string[];
  /** Keeps all cores busy, and shares a cache with others that do. */
  compiles?: boolean;
  /** Makes the content in `work.dir`. Returns facts to keep beside it. */
  make(work: Work): Promise<Record<string, unknown>>;
}

/** What a recipe gets to work with. */
export interface Work {
  /** Empty folder to fill. */
  dir: string;
  /** Folder for downloads that outlive an interrupted run. */
  downloads: string;
  /** Finished folder of one of the recipe's `needs`. */
  of(name: string): string;
  /** A sign of life. */
  beat(text: string): void;
  note(text: string): void;
}

/** What stands in `.complete`, beside the content. */
export interface Completed {
  name: string;
  key: string;
  seconds: number;
  facts: Record<string, unknown>;
  /** SHA-256 of each file, by its path in the folder. */
  files: Record<string, string>;
}

const completeFile = ".complete";
const AT_ONCE = 2;

/** Artifacts in `root`, each in `<name>/<key>/`, where the key follows from its recipe: a changed recipe is another folder. */
export class Store {
  private readonly recipes: Map<string, Recipe>;
  private readonly keys = new Map<string, string>();

  constructor(
    readonly root: string,
    recipes: readonly Recipe[],
  ) {
    this.recipes = new Map(recipes.map((recipe) => [recipe.name, recipe]));
  }

  get names(): string[] {
    return [...this.recipes.keys()];
  }

  key(name: string): string {
    const known = this.keys.get(name);
    if (known) return known;
    const { needs, from, files } = this.recipe(name);
    const key = keyOf([name, from, needs.map((need) => this.key(need))], files);
    this.keys.set(name, key);
    return key;
  }

  dir(name: string): string {
    return join(this.root, name, this.key(name));
  }

  ready(name: string): boolean {
    return existsSync(join(this.dir(name), completeFile));
  }

  /** @throws if the artifact is not ready */
  completed(name: string): Completed {
    return JSON.parse(readFileSync(join(this.dir(name), completeFile), "utf8"));
  }

  /**
   * Makes what is missing, what it is made from first, two at a time: one of them packs or downloads while the other
   * compiles. Two that compile would compile what they share twice.
   * @throws with the artifact's name when one cannot be made; what had begun beside it is finished
   */
  async ensure(names: readonly string[], progress: Progress): Promise<void> {
    const missing = this.missing(names);
    const needed = new Set(missing.flatMap((name) => this.recipe(name).needs));
    // First what something is made from, so that a compiler is left to run beside the packing at the end.
    const waiting = missing.sort((a, b) => Number(needed.has(b)) - Number(needed.has(a)));
    const making = new Map<string, Promise<void>>();
    const failures: Error[] = [];
    const mayBegin = (name: string): boolean => {
      const { needs, compiles = false } = this.recipe(name);
      const blocked = compiles && [...making.keys()].some((other) => this.recipe(other).compiles);
      return !blocked && needs.every((need) => !waiting.includes(need) && !making.has(need));
    };
    for (;;) {
      const next = failures.length === 0 && making.size < AT_ONCE ? waiting.find(mayBegin) : undefined;
      if (next !== undefined) {
        waiting.splice(waiting.indexOf(next), 1);
        const made = this.ensureOne(next, progress)
          .catch((error: Error) => void failures.push(error))
          .finally(() => making.delete(next));
        making.set(next, made);
      } else if (making.size > 0) {
        await Promise.race(making.values());
      } else {
        break;
      }
    }
    const [first, ...others] = failures;
    if (first && others.length > 0) throw new Error(failures.map(({ message }) => message).join("\n"));
    if (first) throw first;
  }

  /** What is to be made for these, each behind what it is made from. */
  private missing(names: readonly string[], found = new Set<string>()): string[] {
    for (const name of names) {
      if (found.has(name) || this.ready(name)) continue;
      this.missing(this.recipe(name).needs, found);
      found.add(name);
    }
    return [...found];
  }

  private async ensureOne(name: string, progress: Progress): Promise<void> {
    mkdirSync(join(this.root, name), { recursive: true });
    await guarded(
      join(this.root, name, ".lock"),
      () => progress.note(`${name}: another run is making it, waiting`),
      async () => {
        if (!this.ready(name)) await this.make(this.recipe(name), progress);
      },
    );
  }

  /** Folders that the present recipes do not lead to: earlier versions, and what is no longer made at all. */
  outdated(): string[] {
    const current = new Set(this.names.map((name) => this.dir(name)));
    const folders = (path: string) => (existsSync(path) ? readdirSync(path, { withFileTypes: true }) : []);
    return folders(this.root)
      .filter((entry) => entry.isDirectory())
      .flatMap(({ name }) =>
        folders(join(this.root, name)).map((entry) => ({ path: join(this.root, name, entry.name), entry })),
      )
      .filter(({ path, entry }) => entry.isDirectory() && !entry.name.includes(".partial-") && !current.has(path))
      .map(({ path }) => path);
  }

  private async make(recipe: Recipe, progress: Progress): Promise<void> {
    const { name } = recipe;
    const started = Date.now();
    const seconds = () => (Date.now() - started) / 1000;
    const partial = `${this.dir(name)}.partial-${process.pid}`;
    this.removeAbandoned(name);
    mkdirSync(partial, { recursive: true });

    progress.start(name, "making it");
    let state = "working";
    const heart = setInterval(() => progress.beat(name, seconds(), state), 20_000);
    try {
      const facts = await recipe.make({
        dir: partial,
        downloads: this.downloads(name),
        of: (need) => this.dir(need),
        beat: (text) => {
          state = text;
        },
        note: (text) => progress.note(`${name}: ${text}`),
      });
      const files = await digests(partial);
      const completed: Completed = { name, key: this.key(name), seconds: Math.round(seconds()), facts, files };
      writeFileSync(join(partial, completeFile), `${JSON.stringify(completed, null, 2)}\n`);
      rmSync(this.dir(name), { recursive: true, force: true });
      renameSync(partial, this.dir(name));
      rmSync(this.downloads(name), { recursive: true, force: true });
    } catch (error) {
      rmSync(partial, { recursive: true, force: true });
      throw new Error(`${name} could not be made: ${error instanceof Error ? error.message : error}`, { cause: error });
    } finally {
      clearInterval(heart);
    }
    progress.done(name, seconds());
  }

  /** We hold the lock on this artifact, so whatever is half made was left behind by a run that is gone. */
  private removeAbandoned(name: string): void {
    for (const entry of readdirSync(join(this.root, name))) {
      if (entry.includes(".partial-")) rmSync(join(this.root, name, entry), { recursive: true, force: true });
    }
  }

  private downloads(name: string): string {
    return join(this.root, ".downloads", name);
  }

  private recipe(name: string): Recipe {
    const recipe = this.recipes.get(name);
    if (!recipe) throw new Error(`no artifact is called "${name}"; there are ${this.names.join(", ")}`);
    return recipe;
  }
}
