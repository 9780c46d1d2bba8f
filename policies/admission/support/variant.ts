import { Engine } from "../../engine/engine";
import type { Rule } from "../../engine/rule";
import { admissionPolicies } from "../generate";
import type { Manifest } from "./client";

/** Some rules with their settings, judged by the API server and by the engine. */
export interface Variant {
  /** Objects that carry this as a label are judged by this variant and by no other. */
  label: string;
  rules: readonly Rule[];
  params?: Record<string, Record<string, unknown>>;
  stack?: Record<string, unknown>;
}

/** What is wrong with an object: messages by rule. No entry: the rule holds, or is not about it. */
export type Verdict = Map<string, string[]>;

const LABEL = "grunnmur-test/variant";
/** Warnings are cut to so many characters each where they come to more than the other figure together. */
const CUT = 256;
const ALL_WARNINGS = 4096;
/** Whom the test asks as (api-server.ts): rules for what tenants ask for then hold of it. */
const TESTER = "tester";
const TODAY = "2026-11-23";

export function labelled(object: Manifest, { label }: Variant): Manifest {
  const metadata = (object.metadata ?? {}) as { labels?: Manifest };
  return { ...object, metadata: { ...metadata, labels: { ...metadata.labels, [LABEL]: label } } };
}

/** The policies that `up` would make, all of them warning, and bound to the variant's own objects. */
export function policiesOf(variant: Variant): Manifest[] {
  const { label, rules, params = {}, stack = {} } = variant;
  const name = (id: string) => `${label}.${id}`;
  return admissionPolicies(rules, { params, stack, reconciler: TESTER }, { action: "Warn" }).map((object) => {
    const metadata = { ...object.metadata, name: name(object.metadata.name) };
    if (object.kind === "ValidatingAdmissionPolicy") return { ...object, metadata };
    const spec = {
      ...object.spec,
      policyName: metadata.name,
      matchResources: { objectSelector: { matchLabels: { [LABEL]: label } } },
    };
    return { ...object, metadata, spec };
  });
}

/** What the API server warned of; undefined where it left warnings out, since nothing is then known. */
export function verdictOf(warnings: readonly string[], { label, rules }: Variant): Verdict | undefined {
  const verdict: Verdict = new Map();
  const length = warnings.reduce((sum, text) => sum + text.length, 0);
  if (length > ALL_WARNINGS - CUT || warnings.some((text) => [...text].length === CUT)) return undefined;
  for (const warning of warnings) {
    const [, policy = "", message = ""] =
      /^Validation failed for ValidatingAdmissionPolicy '([^']+)' with binding '[^']+': (.*)$/s.exec(warning) ?? [];
    const [at, named = ""] = policy.split(".");
    if (at !== label) continue;
    const { rule, said } = ruleOf(named, message, rules);
    verdict.set(rule, [...(verdict.get(rule) ?? []), said]);
  }
  return verdict;
}

/** A policy of several rules says which one in its message. What cannot be evaluated names none where there is one alone. */
function ruleOf(policy: string, message: string, rules: readonly Rule[]): { rule: string; said: string } {
  if (rules.some(({ id }) => id === policy)) return { rule: policy, said: message };
  const rule = rules.find(({ id }) => message.startsWith(`${id}: `))?.id;
  if (rule) return { rule, said: message.slice(rule.length + 2) };
  const [only, ...more] = rules;
  return { rule: only && more.length === 0 ? only.id : policy, said: message };
}

/** The engine's. @param around other objects at hand, such as the namespace */
export function ours(variant: Variant, object: Manifest, around: readonly Manifest[] = []): Verdict {
  const { rules, params = {}, stack = {} } = variant;
  const engine = new Engine({ rules, gate: "admission", params, facts: stack, today: TODAY });
  const documents = [{ object, file: "it" }, ...around.map((other) => ({ object: other, file: "around" }))];
  const { violations, obligations } = engine.evaluate(documents);
  const verdict: Verdict = new Map();
  for (const { rule, file, findings } of [...violations, ...obligations]) {
    if (file === "it") verdict.set(rule, [...new Set(findings.map(({ message }) => message))]);
  }
  return verdict;
}

export const failing = (verdict: Verdict): string => [...verdict.keys()].sort().join(" ") || "-";
