import { type Identity, identity } from "../engine/document";
import { Engine } from "../engine/engine";
import { exceptionFor, withExpiry } from "../engine/exceptions";
import { groupsWith, isAbout, isAboutKind, isForTenants, SYSTEM_NAMESPACES } from "../engine/match";
import type { Rule } from "../engine/rule";
import type { Entry, Exception, Obligation } from "../engine/verdict";
import { ExceptionFiles } from "./exceptions-file";
import { type Input, readAll } from "./input";
import type { Build } from "./kustomize";
import { Lines, placeOf } from "./locate";
import type { Found } from "./objects";
import type { CheckReport, Note } from "./report";
import type { Piece } from "./text";

export interface CheckOptions {
  /** Files, directories, `-` for standard input. */
  paths: readonly string[];
  rules: readonly Rule[];
  /** `YYYY-MM-DD` */
  today: string;
  /** The parsed stack, and the file in which it is written. */
  stack?: { values: Record<string, unknown>; file: string; text: string };
  /** What is known where there is no stack, e.g. `{ registry: { host }, locality: { profile } }`. */
  facts?: Record<string, unknown>;
  build?: Build;
}

/** Judges all that the paths hold. Never throws for what is in them. */
export function check(options: CheckOptions): CheckReport {
  const { rules, today, stack, facts } = options;
  const input = readAll(options.paths, options.build);
  const values = stack?.values ?? input.stack;
  const engine = new Engine({
    rules,
    gate: "check",
    today,
    ...(values && { stack: values }),
    ...(facts && { facts }),
  });
  // The index is how an entry is brought back to the place that it is about.
  const documents = input.found.map(({ object, urn }, index) => {
    return { object, source: String(index), byProgram: urn !== undefined };
  });
  const judged = engine.evaluate(documents);
  const places = new Places(input.found, stack);
  const exceptions = new ExceptionFiles(new Set(rules.map(({ id }) => id)));
  const report: CheckReport = {
    violations: [],
    obligations: judged.obligations.map((entry) => places.put(entry)),
    exceptions: [],
    passedOver: [...input.passedOver, ...unjudged(input, engine.rules)],
    unread: input.unread,
    counts: { ...judged.counts, mandatory: 0, advisory: 0, passedOver: 0, unread: 0 },
  };
  for (const found of input.found) exceptions.forFile(found.from, found.root);
  for (const entry of judged.violations) {
    const { from, root } = input.found[Number(entry.source ?? "-1")] ?? { from: stack?.file, root: stack?.file };
    const here: Exception[] = from === undefined ? [] : exceptions.forFile(from, root ?? from);
    const exception = exceptionFor(entry, here, today);
    const placed = places.put(withExpiry(entry, here, today));
    if (exception) report.exceptions.push({ ...placed, exception });
    else {
      report.violations.push(placed);
      report.counts[entry.severity]++;
    }
  }
  report.unread.push(...exceptions.unread);
  const { counts } = report;
  counts.exceptions = report.exceptions.length;
  counts.passedOver = report.passedOver.length;
  counts.unread = report.unread.length;
  return report;
}

/** Objects that not every rule on their kind is asked about: they are counted, and said to have been left out. */
function unjudged(input: Input, rules: readonly Rule[]): Note[] {
  const reasons = new Map<string, string | undefined>();
  return input.found.flatMap(({ object, file, piece }) => {
    const id = identity(object);
    const system = SYSTEM_NAMESPACES.includes(id.kind === "Namespace" ? id.name : id.namespace);
    const key = `${id.apiVersion}/${id.kind} ${system}`;
    if (!reasons.has(key)) reasons.set(key, reasonFor(id, system, rules));
    const reason = reasons.get(key);
    return reason === undefined ? [] : [{ file, line: piece?.firstLine ?? null, reason }];
  });
}

function reasonFor(id: Identity, system: boolean, rules: readonly Rule[]): string | undefined {
  // Who may make it is asked of every kind, and says nothing of what it holds.
  const judging = rules.filter((rule) => !isForTenants(rule));
  const asked = judging.filter((rule) => isAbout(rule, id, SYSTEM_NAMESPACES)).length;
  if (asked === 0) {
    const groups = groupsWith(id.kind, judging);
    if (groups.length > 0 && !groups.includes(id.group)) {
      const known = groups.map((group) => group || "the core group").join(", ");
      return `no rule is about ${id.kind} of ${id.apiVersion}; there are rules about ${id.kind} of ${known}`;
    }
    return `no rule is about ${id.kind} by itself${system ? " of the platform's own namespaces" : ""}`;
  }
  if (judging.filter((rule) => isAboutKind(rule, id)).length === asked) return undefined;
  return "the platform's own namespaces are not held to the rules about what tenants run";
}

/** Puts file and line on an entry. */
class Places {
  private readonly lines = new Lines();

  constructor(
    private readonly found: readonly Found[],
    private readonly stack: CheckOptions["stack"],
  ) {}

  put<E extends Entry | Obligation>(entry: E): E {
    const { source, line: _, ...rest } = entry;
    const found = source === undefined ? undefined : this.found[Number(source)];
    if (found === undefined) return this.putStack(rest as E);
    const { file, piece, at, urn } = found;
    return {
      ...(rest as E),
      file,
      ...(piece && { line: this.lines.lineOf(piece, [...at, ...placeOf(entry.path)]) }),
      ...(urn !== undefined && { source: urn }),
    };
  }

  private putStack<E extends Entry>(entry: E): E {
    if (!this.stack || entry.kind !== "Stack") return entry;
    const [first = "", ...more] = placeOf(entry.path);
    const line = this.lines.lineOf(this.stackPiece(this.stack), ["config", `grunnmur:${first}`, ...more]);
    return { ...entry, file: this.stack.file, line };
  }

  private piece: Piece | undefined;
  private stackPiece({ file, text }: { file: string; text: string }): Piece {
    this.piece ??= { file, text, firstLine: 1 };
    return this.piece;
  }
}
