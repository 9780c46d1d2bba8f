import { type Identity, identity } from "../engine/document";
import { Engine } from "../engine/engine";
import { exceptionFor, withExpiry } from "../engine/exceptions";
import { groupsWith, isAbout, isAboutKind, isForTenants, SYSTEM_NAMESPACES } from "../engine/match";
import type { Rule } from "../engine/rule";
import type { Entry, Exception, Report } from "../engine/verdict";
import { ExceptionFiles } from "./exceptions-file";
import { readAll } from "./input";
import { Places } from "./places";
import type { Reader } from "./reader";
import type { CheckReport, Note } from "./report";
import type { Input } from "./repository";

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
  reader: Reader;
  /** A directory that keeps what kustomizations built, for the next check. */
  cache?: string;
}

/** Judges all that the paths hold. Never throws for what is in them. */
export function check(options: CheckOptions): CheckReport {
  const { rules, today, stack, facts } = options;
  const input = readAll(options.paths, options.reader, options.cache);
  const values = stack?.values ?? input.stack;
  const engine = new Engine({
    rules,
    gate: "check",
    today,
    ...(values && { stack: values }),
    ...(facts && { facts }),
  });
  const judged = judge(engine, input);
  const places = new Places(input.found, options);
  places.find([...judged.violations, ...judged.obligations]);
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
    const { from, root } = places.beside(entry) ?? { from: stack?.file, root: stack?.file };
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

/**
 * All entries; their `source` is the index of the object that they are about. Where the cluster's programs read texts
 * apart, what the agent reads is judged with all others, and the other reading by itself, for what it adds.
 */
function judge(engine: Engine, { found }: Input): Report {
  const documents = found.map(({ object, urn }, index) => {
    return { object, source: String(index), byProgram: urn !== undefined };
  });
  const judged = engine.evaluate(documents.filter((_, index) => !found[index]?.again));
  const again = documents.filter((_, index) => found[index]?.again);
  if (again.length === 0) return judged;
  const alone = new Set(engine.rules.filter(({ implementation }) => !implementation).map(({ id }) => id));
  const keyOf = ({ source, rule, path }: Entry) => JSON.stringify([found[Number(source)]?.file, rule, path]);
  const known = new Set(judged.violations.map(keyOf));
  const added = engine.evaluate(again).violations.filter((entry) => alone.has(entry.rule) && !known.has(keyOf(entry)));
  return { ...judged, violations: [...judged.violations, ...added] };
}

/** Objects that not every rule on their kind is asked about: they are counted, and said to have been left out. */
function unjudged(input: Input, rules: readonly Rule[]): Note[] {
  const reasons = new Map<string, string | undefined>();
  return input.found.flatMap(({ object, file, again, candidates: [first] }) => {
    if (again) return [];
    const id = identity(object);
    const system = SYSTEM_NAMESPACES.includes(id.kind === "Namespace" ? id.name : id.namespace);
    const key = `${id.apiVersion}/${id.kind} ${system}`;
    if (!reasons.has(key)) reasons.set(key, reasonFor(id, system, rules));
    const reason = reasons.get(key);
    return reason === undefined ? [] : [{ file, line: first?.line || null, reason }];
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
