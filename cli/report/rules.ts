import { type AdmissionObject, admissionForStack } from "../../policies/admission/generate";
import type { CheckReport } from "../../policies/check/report";
import type { Rule } from "../../policies/engine/rule";
import type { Stack } from "../../stacks/stack";
import type { Review } from "../review/review";

/** What one gate says of a rule. `not held`: the rule does not hold at this gate. `unknown`: the gate was not asked. */
export type AtGate =
  | { state: "not held" | "unknown" | "kept" }
  | { state: "broken" | "open"; findings: string[] }
  | { state: "in force" | "advises" }
  | { state: "missing"; findings: string[] };

export interface RuleResult {
  id: string;
  title: string;
  category: string;
  severity: string;
  /** Of the GDPR, such as `32(1)(b)`. */
  articles: string[];
  /** What a preview of the stack file says. */
  preview: AtGate;
  /** What a review of the last commit of the configuration repository says. */
  review: AtGate;
  /** Whether the cluster refuses what breaks it. */
  cluster: AtGate;
}

export interface Asked {
  /** Of a preview that looked at everything; undefined where there was none. */
  preview: Review | undefined;
  /** Of the configuration repository; undefined where it could not be read. */
  review: CheckReport | undefined;
  /** What the API server has of ours; undefined where it did not answer. */
  cluster: readonly AdmissionObject[] | undefined;
}

/** Each rule with what its gates say. */
export function ruleResults(rules: readonly Rule[], stack: Stack, asked: Asked): RuleResult[] {
  const wanted = admissionForStack(stack);
  return rules.map((rule) => {
    const { id, title, category, severity, articles, gates } = rule;
    const at = (gate: Rule["gates"][number], result: () => AtGate): AtGate =>
      gates.includes(gate) ? result() : { state: "not held" };
    return {
      ...{ id, title, category, severity, articles },
      preview: at("crossguard", () => atPreview(id, asked.preview)),
      review: at("check", () => inReview(id, asked.review)),
      cluster: at("admission", () => inCluster(id, severity, wanted, asked.cluster)),
    };
  });
}

const verdict = (broken: string[], open: string[]): AtGate => {
  if (broken.length > 0) return { state: "broken", findings: broken };
  return open.length > 0 ? { state: "open", findings: open } : { state: "kept" };
};

function atPreview(id: string, preview: Review | undefined): AtGate {
  if (!preview?.whole) return { state: "unknown" };
  const told = ({ resource, message }: { resource: string; message: string }) => `${resource}: ${message}`;
  return verdict(
    preview.policies.filter(({ rule }) => rule === id).map(told),
    preview.open.filter(({ rule }) => rule === id).map(told),
  );
}

function inReview(id: string, review: CheckReport | undefined): AtGate {
  if (!review) return { state: "unknown" };
  const told = ({ kind, namespace, name, message }: CheckReport["violations"][number]) =>
    `${kind} ${namespace ? `${namespace}/` : ""}${name}: ${message}`;
  return verdict(
    review.violations.filter(({ rule }) => rule === id).map(told),
    review.obligations.filter(({ rule }) => rule === id).map(told),
  );
}

/** A rule about pods stands in a policy together with others, which then names it in an annotation. */
const isOf = (id: string, { metadata }: AdmissionObject): boolean =>
  metadata.name === id || metadata.annotations?.[`rule.grunnmur/${id}`] !== undefined;

function inCluster(
  id: string,
  severity: string,
  wanted: readonly AdmissionObject[],
  found: readonly AdmissionObject[] | undefined,
): AtGate {
  if (!found) return { state: "unknown" };
  const policies = wanted.filter((one) => one.kind === "ValidatingAdmissionPolicy" && isOf(id, one));
  const names = new Set(policies.map(({ metadata }) => metadata.name));
  const needed = [
    ...policies,
    ...wanted.filter((one) => one.kind !== "ValidatingAdmissionPolicy" && names.has(policyOf(one))),
  ];
  const faults = needed.flatMap((one) => {
    const there = found.find(({ kind, metadata }) => kind === one.kind && metadata.name === one.metadata.name);
    if (!there) return [`${one.kind} ${one.metadata.name} is not there`];
    return isSame(one, there)
      ? []
      : [`${one.kind} ${one.metadata.name} is not as this version of grunnmur makes it of the stack file`];
  });
  if (needed.length < 2) return { state: "missing", findings: ["this version of grunnmur makes no policy of it"] };
  if (faults.length > 0) return { state: "missing", findings: faults };
  return { state: severity === "mandatory" ? "in force" : "advises" };
}

const policyOf = ({ spec }: AdmissionObject): string => String(spec.policyName);

/** What decides; the API server adds defaults to the rest. */
function isSame(wanted: AdmissionObject, found: AdmissionObject): boolean {
  const expressions = (list: unknown): string[] =>
    ((list ?? []) as { expression?: string }[]).map(({ expression = "" }) => expression);
  const told = ({ spec }: AdmissionObject): unknown => [
    expressions(spec.validations),
    expressions(spec.matchConditions),
    expressions(spec.variables),
    spec.failurePolicy ?? null,
    spec.policyName ?? null,
    [...((spec.validationActions ?? []) as string[])].sort(),
    spec.paramRef ?? null,
  ];
  return JSON.stringify(told(wanted)) === JSON.stringify(told(found));
}
