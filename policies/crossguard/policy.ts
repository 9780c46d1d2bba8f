import type {
  ReportViolation,
  ResourceValidationArgs,
  ResourceValidationPolicy,
  StackValidationArgs,
  StackValidationPolicy,
} from "@pulumi/policy";
import type { Rule } from "../engine/rule";
import type { Entry, Finding, Obligation, Report } from "../engine/verdict";
import { describePolicy } from "./describe";
import type { Obligations } from "./obligations";
import { type Properties, propertiesOf } from "./properties";
import { remediationOf } from "./remediation";
import { documentOf, HELM_RELEASE, kubernetesType, PLATFORM, stackOfUrn } from "./resource";
import type { Run } from "./run";
import { isSecretAt, type SecretValue, withoutSecrets } from "./values";

export type RulePolicy = ResourceValidationPolicy & Partial<StackValidationPolicy>;

/** @pulumi/policy takes this too, but its types do not say so. */
type Report1 = (violation: { message: string; urn?: string; enforcementLevel?: "advisory" }) => void;

/** One rule as a policy of Pulumi's. */
export function policyOf(rule: Rule, run: Run, obligations: Obligations): RulePolicy {
  const remediate = remediationOf(rule);
  const policy: RulePolicy = {
    ...describePolicy(rule),
    validateResource: (args, report) => validateResource(rule, run, obligations, args, report),
    ...(remediate && { remediateResource: remediate }),
  };
  if (rule.implementation) {
    policy.validateStack = (args, report) => validateStack(rule, run, obligations, args, report);
  }
  return policy;
}

function validateResource(
  rule: Rule,
  run: Run,
  obligations: Obligations,
  { type, urn, props, getConfig }: ResourceValidationArgs,
  report: ReportViolation,
): void {
  if (!type.startsWith("kubernetes:") && type !== PLATFORM) return;
  const properties = propertiesOf(props);
  const kubernetes = kubernetesType(type);
  const document = kubernetes && documentOf(kubernetes, urn, properties);
  run.see(type, urn, properties.values, document);
  let verdict: Report | undefined;
  const params = getConfig<Record<string, unknown>>();
  if (type === PLATFORM) verdict = run.judgeStack(rule, params, rule.implementation !== undefined);
  else if (document) verdict = run.judgeObject(rule, params, document);
  else if (type === HELM_RELEASE && rule.match.subject !== "stack") verdict = unseen(rule, urn);
  if (verdict === undefined) return;
  if (kubernetes?.patch) verdict = asObligations(verdict);
  tell(rule, urn, verdict, properties, obligations, report);
}

function validateStack(
  rule: Rule,
  run: Run,
  obligations: Obligations,
  { resources, getConfig }: StackValidationArgs,
  report: ReportViolation,
): void {
  const platform = resources.find(({ type }) => type === PLATFORM);
  const stack = platform?.urn ?? resources[0]?.urn ?? "";
  const verdict = run.judgeTogether(rule, getConfig<Record<string, unknown>>());
  const secrets = resources.flatMap(({ type, props }) =>
    kubernetesType(type) === undefined ? [] : propertiesOf(props).secrets,
  );
  // A finding about one object is told of that object; the rest, of the platform.
  const places = new Set([...verdict.violations, ...verdict.obligations].map(({ source }) => source ?? stack));
  for (const urn of places.add(stack)) {
    const here = <E extends Entry>(entries: E[]): E[] => entries.filter(({ source }) => (source ?? stack) === urn);
    const part = { ...verdict, violations: here(verdict.violations), obligations: here(verdict.obligations) };
    tell(rule, urn, part, { values: {}, secrets }, obligations, report, "together");
  }
}

function tell(
  rule: Rule,
  urn: string,
  { violations, obligations: undecided }: Report,
  { secrets }: Properties,
  obligations: Obligations,
  report: ReportViolation,
  /** A rule that looks at several objects is asked once more at the end: that is a verdict of its own. */
  round: "each" | "together" = "each",
): void {
  const say = report as unknown as Report1;
  for (const { findings, remedy } of violations) {
    say({ message: [...linesOf(rule, findings, secrets), `Remedy: ${remedy}`].join("\n"), urn });
  }
  for (const { findings } of undecided) {
    const message = ["Not decided yet, so not passed:", ...linesOf(rule, findings, secrets)].join("\n");
    say({ message, urn, enforcementLevel: "advisory" });
  }
  const owed = undecided.map(({ path, findings, waitsFor }) => ({
    rule: rule.id,
    severity: rule.severity,
    resource: urn,
    path,
    message: linesOf(rule, findings, secrets).join("; "),
    waitsFor,
  }));
  obligations.set(stackOfUrn(urn), `${rule.id} ${round} ${urn}`, owed);
}

/** A line a finding, none of them with a secret or a part of one in it. */
function linesOf(rule: Rule, findings: readonly Finding[], secrets: readonly SecretValue[]): string[] {
  const lines = findings.map(({ path, message, verdict }) => {
    const hidden = verdict === "fail" && isSecretAt(path, secrets);
    const said = hidden ? `${rule.title}: a secret value, which is not shown, breaks this` : message;
    return withoutSecrets(path === "" ? said : `${path}: ${said}`, secrets);
  });
  return [...new Set(lines)];
}

/** The object also has fields that a patch does not show, so no fault is certain. */
function asObligations(report: Report): Report {
  const open = report.violations.map((entry) => ({ ...entry, waitsFor: ["the rest of the patched object"] }));
  return { ...report, violations: [], obligations: [...report.obligations, ...open] };
}

/** A Helm release is an obligation of every rule about objects. */
function unseen(rule: Rule, urn: string): Report {
  const message = "a Helm release installs objects that no policy sees here; they are judged at admission";
  const waitsFor = ["the objects of the chart"];
  const owed: Obligation = {
    rule: rule.id,
    severity: rule.severity,
    source: urn,
    apiVersion: "",
    kind: "Release",
    namespace: "",
    name: "",
    path: "",
    message,
    remedy: rule.remediation,
    findings: [{ verdict: "undetermined", path: "", message, waitsFor }],
    waitsFor,
  };
  const counts = { objects: 0, rules: 1, mandatory: 0, advisory: 0, obligations: 1, exceptions: 0 };
  return { violations: [], obligations: [owed], exceptions: [], counts };
}
