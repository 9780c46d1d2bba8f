import { type Document, identity } from "../engine/document";
import { Engine } from "../engine/engine";
import { isAbout, SYSTEM_NAMESPACES } from "../engine/match";
import { resolveParams } from "../engine/params";
import type { Rule } from "../engine/rule";
import type { Report } from "../engine/verdict";
import { PLATFORM } from "./resource";

/** An engine for one rule, as long as nothing that it was made from changes. */
interface Prepared {
  params: string;
  stack: Record<string, unknown> | undefined;
  engine: Engine;
  /** A parameter has no value, so that the rule judges nothing: then that is owed, and nothing passes. */
  lacking: boolean;
}

/** What one preview or update has shown a pack so far. Pulumi starts a pack anew for each. */
export class Run {
  private stack: Record<string, unknown> | undefined;
  private readonly documents = new Map<string, Document>();
  private readonly engines = new Map<string, Prepared>();
  private together: { count: number; documents: Document[] } = { count: -1, documents: [] };

  /** @param state where Pulumi keeps the state, as JSON; the stack does not say it and whoever runs Pulumi knows */
  constructor(
    private readonly today: string,
    private readonly state = process.env.GRUNNMUR_STATE,
  ) {}

  /** The platform is registered before all that belongs to it, so what is asked of the stack later is known. */
  see(type: string, urn: string, values: Record<string, unknown>, document: Document | undefined): void {
    if (type === PLATFORM)
      this.stack ??= { ...values, ...(this.state && { state: JSON.parse(this.state) as unknown }) };
    if (document) this.documents.set(urn, document);
  }

  judgeObject(rule: Rule, params: Record<string, unknown>, document: Document): Report {
    const { engine, lacking } = this.engineFor(rule, params);
    // The engine owes a missing parameter once and names no object; here each object owes it that the rule is about.
    if (lacking && isAbout(rule, identity(document.object), SYSTEM_NAMESPACES)) return engine.evaluate([]);
    return engine.evaluateObject(document, rule.id);
  }

  /**
   * @param early asks a rule in TypeScript too, before the first resource is made: what is wrong already stays wrong
   * once more is known. What it leaves open then is asked again at the end.
   */
  judgeStack(rule: Rule, params: Record<string, unknown>, early: boolean): Report {
    const { engine, lacking } = this.engineFor(rule, params);
    if (rule.match.subject === "stack" && lacking) return engine.evaluate([]);
    const report = engine.evaluateStack(rule.id);
    if (rule.match.subject !== "stack" || !early) return report;
    const { violations } = engine.evaluateTogether([], rule.id);
    return { ...report, violations: [...report.violations, ...violations] };
  }

  judgeTogether(rule: Rule, params: Record<string, unknown>): Report {
    const { engine, lacking } = this.engineFor(rule, params);
    if (rule.match.subject !== "stack" && lacking) return engine.evaluate([]);
    // The same list each time: rules over several objects keep an index by it.
    if (this.together.count !== this.documents.size) {
      this.together = { count: this.documents.size, documents: [...this.documents.values()] };
    }
    return engine.evaluateTogether(this.together.documents, rule.id);
  }

  private engineFor(rule: Rule, configured: Record<string, unknown>): Prepared {
    const { stack } = this;
    const params = JSON.stringify(configured);
    const kept = this.engines.get(rule.id);
    if (kept?.params === params && kept.stack === stack) return kept;
    const engine = new Engine({
      rules: [rule],
      gate: "crossguard",
      params: { [rule.id]: configured },
      ...(stack && { stack }),
      today: this.today,
    });
    const lacking = resolveParams(rule, configured, stack).missing.length > 0;
    const prepared = { params, stack, engine, lacking };
    this.engines.set(rule.id, prepared);
    return prepared;
  }
}
