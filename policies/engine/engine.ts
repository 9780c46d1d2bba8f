import { IMPLEMENTATIONS } from "../implementations/index";
import type { World } from "../implementations/world";
import { prepare, type Subject } from "./bind";
import { type Document, flatten, type Identity, identity } from "./document";
import { exceptionFor, withExpiry } from "./exceptions";
import { judge } from "./judge";
import { isAbout, isForTenants, platformNamespaces, SYSTEM_NAMESPACES } from "./match";
import { type Params, resolveParams } from "./params";
import type { Gate, Rule } from "./rule";
import { type Path, podSpecPathIn } from "./subject";
import type { Entry, Exception, Finding, Obligation, Report } from "./verdict";

export interface EngineOptions {
  rules: readonly Rule[];
  gate: Gate;
  /** Parameters by rule id. */
  params?: Readonly<Record<string, Record<string, unknown>>>;
  /** The parsed stack: rules about the stack are evaluated. */
  stack?: Record<string, unknown>;
  /** What is known of a stack where there is none, e.g. `{ registry: { host }, locality: { profile } }`. */
  facts?: Record<string, unknown>;
  exceptions?: readonly Exception[];
  systemNamespaces?: readonly string[];
  /** `YYYY-MM-DD`; the day on which exceptions and register entries are judged. */
  today: string;
}

/** Judges objects by rules. Make one for each run; it keeps what it has prepared. */
export class Engine {
  readonly rules: readonly Rule[];
  private readonly systemNamespaces: readonly string[];
  private readonly params = new Map<string, Params>();
  private readonly byKind = new Map<string, readonly Rule[]>();

  constructor(private readonly options: EngineOptions) {
    this.rules = options.rules.filter((rule) => rule.gates.includes(options.gate));
    this.systemNamespaces = options.systemNamespaces ?? SYSTEM_NAMESPACES;
    const facts = options.stack ?? options.facts ?? {};
    for (const rule of this.rules) this.params.set(rule.id, resolveParams(rule, options.params?.[rule.id], facts));
  }

  /** Everything at once: each object, the stack, and the rules that look at several objects. */
  evaluate(documents: readonly Document[]): Report {
    const objects = documents.flatMap((document) => flatten(document));
    const namespaces = new Map<string, Record<string, unknown>>();
    for (const { object } of objects) {
      const id = identity(object);
      if (id.kind === "Namespace" && id.group === "") namespaces.set(id.name, object);
    }
    const entries = objects.flatMap((document) => this.judgeObject(document, namespaces));
    return this.report(
      [...entries, ...this.judgeStack(), ...this.judgeTogether(objects), ...this.unevaluated()],
      objects.length,
    );
  }

  /** One object by itself, by all rules or by one: for CrossGuard, which shows one resource at a time. */
  evaluateObject(document: Document, ruleId?: string): Report {
    const objects = flatten(document);
    return this.report(
      objects.flatMap((object) => this.judgeObject(object, new Map(), ruleId)),
      objects.length,
    );
  }

  /** The stack alone, by all rules or by one. */
  evaluateStack(ruleId?: string): Report {
    return this.report(this.judgeStack(ruleId), 0);
  }

  /** Only the rules that look at several objects. */
  evaluateTogether(documents: readonly Document[], ruleId?: string): Report {
    const objects = documents.flatMap((document) => flatten(document));
    return this.report(this.judgeTogether(objects, ruleId), objects.length);
  }

  private judgeObject(document: Document, namespaces: Map<string, Record<string, unknown>>, ruleId?: string): Entry[] {
    const id = identity(document.object);
    const path = podSpecPathIn(id, document.object);
    const about = this.rulesFor(id).filter(
      (rule) =>
        (ruleId === undefined || rule.id === ruleId) &&
        (rule.match.subject !== "podSpec" || path !== undefined) &&
        !(document.byProgram && isForTenants(rule)),
    );
    if (about.length === 0) return [];
    const namespaceObject = namespaces.get(id.namespace);
    const subject = subjectOf(document.object, id, path, namespaceObject);
    return about.flatMap((rule) => this.apply(rule, subject, document, id));
  }

  /** Rules by kind and namespace: most objects of a run share few of them. */
  private rulesFor(id: Identity): readonly Rule[] {
    const scope = id.kind === "Namespace" ? id.name : id.namespace;
    const key = `${id.group}/${id.kind}/${platformNamespaces(this.systemNamespaces).includes(scope) ? scope : ""}`;
    let found = this.byKind.get(key);
    if (found === undefined) {
      found = this.rules.filter((rule) => isAbout(rule, id, this.systemNamespaces));
      this.byKind.set(key, found);
    }
    return found;
  }

  private apply(rule: Rule, subject: Subject, document: Document, id: Identity): Entry[] {
    const params = this.paramsOf(rule);
    if (params === undefined || rule.validations.length === 0) return [];
    return entriesOf(rule, judge(rule, subject, params.cel, this.options.gate), document, id);
  }

  private judgeStack(ruleId?: string): Entry[] {
    const { stack } = this.options;
    if (stack === undefined) return [];
    const id: Identity = { apiVersion: "", group: "", kind: "Stack", namespace: "", name: String(stack.name ?? "") };
    const subject = prepare(stack, { namespace: "", name: id.name });
    return this.rules
      .filter((rule) => rule.match.subject === "stack" && (ruleId === undefined || rule.id === ruleId))
      .flatMap((rule) => this.apply(rule, subject, { object: stack }, id));
  }

  private judgeTogether(documents: readonly Document[], ruleId?: string): Entry[] {
    return this.rules.flatMap((rule) => {
      const { implementation } = rule;
      const params = this.paramsOf(rule);
      if (!implementation?.gates.includes(this.options.gate) || params === undefined) return [];
      if (ruleId !== undefined && rule.id !== ruleId) return [];
      return this.runImplementation(rule, implementation.name, { documents, params: params.values });
    });
  }

  private runImplementation(rule: Rule, name: string, given: Pick<World, "documents" | "params">): Entry[] {
    const run = IMPLEMENTATIONS[name];
    if (!run)
      throw new Error(
        `rule ${rule.id} names the implementation ${name}; there are ${Object.keys(IMPLEMENTATIONS).join(", ")}`,
      );
    const { gate, today, stack, facts } = this.options;
    const findings = run({
      ...given,
      gate,
      today,
      stack: stack ?? facts ?? {},
      systemNamespaces: this.systemNamespaces,
    });
    return findings.flatMap(({ document, ...finding }) =>
      document
        ? entriesOf(rule, [finding], document, identity(document.object))
        : entriesOf(
            rule,
            [finding],
            { object: {} },
            { apiVersion: "", group: "", kind: "Stack", namespace: "", name: "" },
          ),
    );
  }

  /** The rule's parameters; undefined where one has no value. */
  private paramsOf(rule: Rule): Params | undefined {
    const params = this.params.get(rule.id);
    return params === undefined || params.missing.length > 0 ? undefined : params;
  }

  /** A rule that lacks a parameter passes nothing: it is an obligation. */
  private unevaluated(): Obligation[] {
    return this.rules.flatMap((rule) => {
      const missing = this.params.get(rule.id)?.missing ?? [];
      if (missing.length === 0) return [];
      const waitsFor = missing.map((name) => `params.${name}`);
      const message = `${rule.title}: not evaluated, because ${waitsFor.join(" and ")} has no value`;
      const finding: Finding = { verdict: "undetermined", path: "", message, waitsFor };
      const nowhere = { apiVersion: "", group: "", kind: "", namespace: "", name: "" };
      return entriesOf(rule, [finding], { object: {} }, nowhere) as Obligation[];
    });
  }

  private report(entries: Entry[], objects: number): Report {
    const { exceptions = [], today } = this.options;
    const report: Report = {
      violations: [],
      obligations: [],
      exceptions: [],
      counts: { objects, rules: this.rules.length, mandatory: 0, advisory: 0, obligations: 0, exceptions: 0 },
    };
    for (const entry of entries) {
      const exception = exceptionFor(entry, exceptions, today);
      if (entry.findings[0]?.verdict === "undetermined") report.obligations.push(entry as Obligation);
      else if (exception) report.exceptions.push({ ...entry, exception });
      else {
        report.violations.push(withExpiry(entry, exceptions, today));
        report.counts[entry.severity]++;
      }
    }
    report.counts.obligations = report.obligations.length;
    report.counts.exceptions = report.exceptions.length;
    return report;
  }
}

const prepared = new WeakMap<object, Subject>();

/** CrossGuard has an engine for each rule, and shows all of them the same object: it is made ready for CEL once. */
function subjectOf(
  object: Record<string, unknown>,
  id: Identity,
  path: Path | undefined,
  namespaceObject: Record<string, unknown> | undefined,
): Subject {
  const podSpec = { podSpecPath: path };
  if (namespaceObject) return prepare(object, { ...id, ...podSpec, namespaceObject });
  let subject = prepared.get(object);
  if (subject === undefined) {
    subject = prepare(object, { ...id, ...podSpec });
    prepared.set(object, subject);
  }
  return subject;
}

/** One entry for the faults and one for what is undecided, where there are any. */
function entriesOf(rule: Rule, findings: readonly Finding[], document: Document, id: Identity): Entry[] {
  if (findings.length === 0) return [];
  return (["fail", "undetermined"] as const).flatMap((verdict) => {
    const some = findings.filter((finding) => finding.verdict === verdict);
    const [first] = some;
    if (first === undefined) return [];
    const { file, line, source } = document;
    const entry: Entry = {
      rule: rule.id,
      severity: rule.severity,
      ...(file !== undefined && { file }),
      ...(line !== undefined && { line }),
      ...(source !== undefined && { source }),
      apiVersion: id.apiVersion,
      kind: id.kind,
      namespace: id.namespace,
      name: id.name,
      path: first.path,
      message: [...new Set(some.map((finding) => finding.message))].join("; "),
      remedy: rule.remediation,
      findings: some,
    };
    if (verdict === "fail") return [entry];
    return [{ ...entry, waitsFor: [...new Set(some.flatMap((finding) => finding.waitsFor ?? []))] } as Obligation];
  });
}
