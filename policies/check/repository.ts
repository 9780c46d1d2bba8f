import { basename, dirname, join, resolve } from "node:path";
import { Unknown } from "../cel/unknown";
import { identity } from "../engine/document";
import { buildAll, type Done } from "./builds";
import { DECLARATIONS_FILE, Declarations } from "./declarations";
import { EXCEPTIONS_FILE } from "./exceptions-file";
import { type Kustomization, kustomizationIn, partsOf } from "./kustomization";
import { type Found, type Objects, objectsOf } from "./objects";
import { isWithin, nameOf } from "./paths";
import { type Candidate, type FileRead, FROM_THE_CLUSTER, type Reader } from "./reader";

/** An object, where it is written, and what it is built by. */
export interface InputObject extends Omit<Found, "line" | "at"> {
  /** Absolute; beside it exceptions are looked for where no line of the object is found. */
  from: string;
  /** Nothing above it is looked at for exceptions. */
  root: string;
  /** Where it may be written, the likeliest first. */
  candidates: Candidate[];
  /** The directory whose kustomization builds it. */
  builtBy?: string;
}

export interface Input extends Omit<Objects, "found"> {
  found: InputObject[];
}

type Fields = Record<string, unknown>;

/**
 * What a path of a repository holds: every object once for each way in which the agent would apply it, and a note for
 * whatever is not judged.
 */
export class Repository {
  private readonly all: Input = { found: [], passedOver: [], unread: [] };
  private readonly files = new Map<string, FileRead>();
  private readonly kustomizations = new Map<string, Kustomization>();
  private readonly declarations: Declarations;
  private builds: Done[] = [];
  /** Charts that have templates which nobody can read before they are rendered. */
  private readonly charts = new Set<string>();
  /** What was built with a file. */
  private readonly byFile = new Map<string, Done[]>();

  /**
   * @param root of the repository, absolute
   * @param path what is asked about, absolute
   * @param cache a directory for what was built
   */
  constructor(
    private readonly root: string,
    private readonly path: string,
    private readonly reader: Reader,
    private readonly cache: string | undefined,
  ) {
    this.declarations = new Declarations(root);
  }

  read(): Input {
    const answer = this.reader.read({ root: this.root, paths: [this.path] });
    for (const file of answer.files) this.files.set(file.path, file);
    for (const { path, reason, unread } of answer.notes) {
      if (unread) this.refuse(path, null, reason);
      else this.pass(path, null, reason);
    }
    for (const directory of answer.kustomizations) {
      this.kustomizations.set(directory, kustomizationIn(directory, this.files));
    }
    this.builds = this.buildAll();
    for (const built of this.builds) {
      for (const name of built.files) {
        const file = join(this.root, name);
        const others = this.byFile.get(file);
        if (others) others.push(built);
        else this.byFile.set(file, [built]);
      }
    }
    for (const built of this.builds) this.takeBuilt(built);
    for (const file of this.files.values()) this.takeWritten(file);
    for (const chart of this.charts) {
      const reason = "a chart, which Helm renders: check the output of `helm template`, or declare it in ";
      this.refuse(chart, null, `${reason}${DECLARATIONS_FILE}`);
    }
    this.all.unread.push(...this.declarations.unread);
    return this.all;
  }

  private pass(path: string, line: number | null, reason: string): void {
    this.all.passedOver.push({ file: nameOf(path), line, reason });
  }

  /** Not read, so that the check fails, unless the repository says that it is not for the agent. */
  private refuse(path: string, line: number | null, reason: string, declarable = true): void {
    const declared = declarable ? this.declarations.reasonFor(path) : undefined;
    if (declared === undefined) this.all.unread.push({ file: nameOf(path), line, reason });
    else this.pass(path, line, `declared not to be for the agent: ${declared}`);
  }

  private buildAll(): Done[] {
    const all = [...this.kustomizations.values()];
    const parts = partsOf(all);
    const whole = new Map<string, string>();
    for (const one of all) {
      if (parts.has(one)) this.pass(one.file, null, "a part of another kustomization here, and judged with it");
      else if (one.component)
        this.pass(one.file, null, "a component, which nothing here takes in: it builds no objects by itself");
      else if (one.fault) this.refuse(one.file, one.fault.line, one.fault.reason);
      else whole.set(one.directory, one.file);
    }
    const written = [...this.files.values()].filter(({ path }) => !this.kustomizations.has(dirname(path)));
    const { root, path, reader, cache } = this;
    return buildAll(
      { root, path, reader, ...(cache !== undefined && { cache }) },
      whole,
      new Map(written.map((file) => [file.path, file.documents.map(({ value }) => value)])),
    );
  }

  private takeBuilt({ root, objects, error }: Done): void {
    const { directory } = root;
    const own = this.kustomizations.get(directory);
    const file = own?.file ?? directory;
    if (error !== undefined) {
      this.refuse(file, null, `kustomize could not build it: ${error.trim().split("\n").slice(0, 3).join(" ")}`);
      return;
    }
    for (const { object, origin, changed = [] } of objects ?? []) {
      const value = withUnknown(object) as Fields;
      const read: Objects = objectsOf(nameOf(file), [{ line: 0, value }]);
      this.addNotes(read);
      const from = origin === undefined ? file : join(this.root, origin);
      const candidates = this.candidatesOf(value, from, changed);
      for (const { line: _, at: __, ...found } of read.found) {
        this.all.found.push({
          ...found,
          file: nameOf(from),
          from,
          root: this.root,
          candidates,
          builtBy: nameOf(directory),
        });
      }
    }
  }

  /** Where a built object's parts may be written: its own file, then what changes it. */
  private candidatesOf(object: Fields, from: string, changed: readonly string[]): Candidate[] {
    const { kind, name } = identity(object);
    // kustomize may have put something before and behind the name.
    const names = (this.files.get(from)?.documents ?? [])
      .map(({ value }) => (isFields(value) ? identity(value) : undefined))
      .flatMap((id) => (id?.kind === kind && name.includes(id.name) ? [id.name] : []));
    const written = names.sort((a, b) => b.length - a.length)[0] ?? "";
    const candidates: Candidate[] = [{ file: from, kind, name: written }];
    for (const file of new Set(changed)) {
      const one = this.kustomizations.get(dirname(join(this.root, file)));
      for (const patch of one?.patches ?? []) candidates.push({ file: patch, kind, name: "" });
      one?.images.forEach((_, index) => {
        candidates.push({ file: one.file, line: 1, at: ["images", index], exact: true });
      });
    }
    return candidates;
  }

  private addNotes({ passedOver, unread }: Objects): void {
    this.all.passedOver.push(...passedOver);
    this.all.unread.push(...unread);
  }

  /** Judges what is written in a file, as far as nothing that is judged is built of it. */
  private takeWritten(file: FileRead): void {
    const kustomization = this.kustomizations.get(dirname(file.path));
    if (kustomization?.file === file.path || OWN_FILES.includes(basename(file.path))) return;
    const byOthers = this.byFile.get(file.path) ?? [];
    const failed = byOthers.some(({ error }) => error !== undefined);
    if (failed) return; // the kustomization that could not be built is told
    if (kustomization) {
      const named = [...this.kustomizations.values()].some((one) => one.named.has(file.path));
      if (!named && byOthers.length === 0 && !kustomization.fault)
        this.pass(file.path, null, "its kustomization does not name it: not applied");
      else if (byOthers.length > 0 && !this.isAccounted(file))
        this.pass(file.path, null, "a kustomization names it, and builds nothing of it: not applied");
      return;
    }
    if (byOthers.length === 0 && this.isBrokenJson(file)) {
      const [fault] = file.faults;
      this.pass(
        file.path,
        fault?.line || null,
        `${fault?.reason}; no kustomization names it, so the agent does not read it`,
      );
      return;
    }
    const chart = this.chartOf(file.path);
    for (const fault of file.faults) {
      if (chart !== undefined && !fault.differs) {
        this.charts.add(chart);
        continue;
      }
      const hint = fault.template ? `: check its output, or declare it in ${DECLARATIONS_FILE}` : "";
      this.refuse(file.path, fault.line || null, fault.reason + hint, !fault.differs);
    }
    if (byOthers.length > 0 && this.isAccounted(file)) return;
    if (file.documents.length === 0 && file.faults.length === 0) {
      this.pass(file.path, null, "nothing is written in it");
      return;
    }
    const objects = objectsOf(nameOf(file.path), file.documents);
    this.addNotes(objects);
    if (objects.stack) this.all.stack = objects.stack;
    for (const { line, at, ...found } of objects.found) {
      const { kind, name } = identity(found.object);
      const place: Candidate = line > 0 ? { file: file.path, line, at } : { file: file.path, kind, name, at: [] };
      const candidates = found.urn === undefined ? [place] : [];
      this.all.found.push({ ...found, from: file.path, root: this.root, candidates });
    }
  }

  /** The `Chart.yaml` of the chart whose template a file is. */
  private chartOf(path: string): string | undefined {
    for (let directory = dirname(path); isWithin(this.root, directory); directory = dirname(directory)) {
      const chart = join(dirname(directory), "Chart.yaml");
      if (basename(directory) === "templates" && this.files.has(chart)) return chart;
      if (dirname(directory) === directory) return undefined;
    }
    return undefined;
  }

  /** Of JSON, Flux takes only what a kustomization names, and kubectl nothing that is broken from its beginning. */
  private isBrokenJson({ path, documents, faults }: FileRead): boolean {
    const broken = documents.length === 0 && faults.length > 0 && !faults.some(({ differs }) => differs);
    return broken && path.endsWith(".json") && path !== this.path;
  }

  /** Whether something that is judged is built of a file, or changed by it as a patch. */
  private isAccounted({ path, documents }: FileRead): boolean {
    const kinds = documents.flatMap(({ value }) => (isFields(value) ? [identity(value).kind] : []));
    const patchedIn = [...this.kustomizations.values()].filter(({ patches }) => patches.includes(path));
    return (this.byFile.get(path) ?? []).some(({ objects }) => {
      // What is no object is the content of one, or a patch of another form.
      if (kinds.every((kind) => kind === "")) return true;
      return (objects ?? []).some(({ object, origin, changed = [] }) => {
        if (origin !== undefined && join(this.root, origin) === path) return true;
        return (
          kinds.includes(identity(object).kind) &&
          patchedIn.some(({ file }) => changed.some((name) => join(this.root, name) === resolve(file)))
        );
      });
    });
  }
}

/** Read where they are asked for, and nothing of the agent's. */
const OWN_FILES = [EXCEPTIONS_FILE, DECLARATIONS_FILE];

const isFields = (value: unknown): value is Fields =>
  value !== null && typeof value === "object" && !Array.isArray(value);

/** What the agent takes from the cluster is not known here. */
function withUnknown(value: unknown): unknown {
  if (typeof value === "string") {
    return value.includes(FROM_THE_CLUSTER)
      ? new Unknown("what the agent takes from the cluster (substituteFrom)")
      : value;
  }
  if (Array.isArray(value)) return value.map(withUnknown);
  if (!isFields(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withUnknown(item)]));
}
