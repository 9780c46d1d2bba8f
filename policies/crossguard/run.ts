import { type Document, identity } from "../engine/document";
import { Engine } from "../engine/engine";
import { isAbout, SYSTEM_NAMESPACES } from "../engine/match";
import { resolveParams } from "../engine/params";
import type { Rule } from "../engine/rule";
import type { Report } from "../engine/verdict";
import { PLATFORM } from "./resource";

/** What one preview or update has shown a pack so far. Pulumi starts a pack anew for each. */
export class Run {
  private stack: Record<string, unknown> | undefined;
  private readonly documents = new Map<string, Document>();
  private readonly engines = new Map<string, { key: string; engine: Engine }>();
  private together: { count: number; documents: Document[] } = { count: -1, documents: [] };

  constructor(private readonly today: string) {}

  /** The platform is registered before all that belongs to it, so what is asked of the stack later is known. */
  see(type: string, urn: string, values: Record<string, unknown>, document: Document | undefined): void {
    if (type === PLATFORM) this.stack = values;
    if (document) this.documents.set(urn, document);
  }

  judgeObject(rule: Rule, params: Record<string, unknown>, document: Document): Report {
    const engine = this.engineFor(rule, params);
    const { missing } = resolveParams(rule, params, this.stack);
    // The engine owes this once and names no object; here it is owed by each object that the rule is about.
    if (missing.length > 0 && isAbout(rule, identity(document.object), SYSTEM_NAMESPACES)) return engine.evaluate([]);
    return engine.evaluateObject(document, rule.id);
  }

  judgeStack(rule: Rule, params: Record<string, unknown>): Report {
    return this.engineFor(rule, params).evaluateStack(rule.id);
  }

  judgeTogether(rule: Rule, params: Record<string, unknown>): Report {
    // The same list each time: rules over several objects keep an index by it.
    if (this.together.count !== this.documents.size) {
      this.together = { count: this.documents.size, documents: [...this.documents.values()] };
    }
    return this.engineFor(rule, params).evaluateTogether(this.together.documents, rule.id);
  }

  private engineFor(rule: Rule, params: Record<string, unknown>): Engine {
    const key = JSON.stringify([params, this.stack === undefined]);
    const kept = this.engines.get(rule.id);
    if (kept?.key === key) return kept.engine;
    const engine = new Engine({
      rules: [rule],
      gate: "crossguard",
      params: { [rule.id]: params },
      ...(this.stack && { stack: this.stack }),
      today: this.today,
    });
    this.engines.set(rule.id, { key, engine });
    return engine;
  }
}
