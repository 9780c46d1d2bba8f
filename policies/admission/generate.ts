import { type AdmissionText, admissionText } from "../engine/compose";
import { loadRules } from "../engine/load";
import { isEveryKind, platformNamespaces, RECONCILER, SYSTEM_NAMESPACES } from "../engine/match";
import { resolveParams } from "../engine/params";
import { BUILT_IN } from "../engine/pod-specs";
import type { Match, Rule } from "../engine/rule";
import { HAS_POD_SPEC, PRELUDE } from "../engine/subject";
import { podResources, resourceRules, WRITTEN_ALL_THE_TIME } from "./resources";
import { allHold, type Part, readsNamespace, together } from "./together";

/**
 * The rules as ValidatingAdmissionPolicy objects with one binding each. Rules about pods stand together by category, since
 * every pod is judged by all of them; their messages begin with the rule's id. Any other rule is a policy named for it.
 * Not all about pods are one policy: what the API server takes to compile an expression grows with the square of its
 * length, and it gives up on a request after 34 seconds, which emulated CPUs would need.
 *
 * Parameters are written into the policy. The other way, a ConfigMap that the binding refers to, holds texts only, and
 * an account that may write ConfigMaps (the agent's may) could then loosen a rule that it cannot otherwise touch.
 */
export interface AdmissionSettings {
  /** Parameters by rule id. */
  params?: Readonly<Record<string, Record<string, unknown>>>;
  /** What is known of the stack, whole or in part, e.g. `{ registry: { host }, locality: { profile } }`. */
  stack?: Record<string, unknown>;
  /**
   * Namespaces of the platform itself, where rules for tenants do not hold. Whoever may make workloads there is not
   * held by them: `tenant-own-namespaces` keeps the reconciler out. Default: kube-system, kube-public,
   * kube-node-lease, flux-system.
   */
  systemNamespaces?: readonly string[];
  /** User name as which the tenants' repository is applied. Default: that of the agent's account. */
  reconciler?: string;
}

export interface AdmissionOptions {
  /** `Deny`: mandatory rules refuse, advisory ones warn and are written to the audit log. `Warn`: all do the latter. */
  action: "Deny" | "Warn";
}

export class AdmissionError extends Error {
  constructor(faults: readonly string[]) {
    super(`the rules cannot be held at admission:\n${faults.map((fault) => `  - ${fault}`).join("\n")}`);
    this.name = "AdmissionError";
  }
}

const API_VERSION = "admissionregistration.k8s.io/v1";

export interface AdmissionObject {
  apiVersion: string;
  kind: "ValidatingAdmissionPolicy" | "ValidatingAdmissionPolicyBinding";
  metadata: { name: string; labels: Record<string, string>; annotations?: Record<string, string> };
  spec: Record<string, unknown>;
}

/** What a stack's cluster gets: every rule that holds at admission, refusing what breaks a mandatory one. */
export function admissionForStack(stack: object): AdmissionObject[] {
  return admissionPolicies(loadRules(), { stack: stack as Record<string, unknown> }, { action: "Deny" });
}

/** @throws AdmissionError where a parameter has no value: a rule that is left out would be a silent pass */
export function admissionPolicies(
  rules: readonly Rule[],
  settings: AdmissionSettings,
  options: AdmissionOptions,
): AdmissionObject[] {
  const held = rules.filter(({ gates }) => gates.includes("admission"));
  const faults = held.flatMap((rule) =>
    resolveParams(rule, settings.params?.[rule.id], settings.stack).missing.map((name) => {
      const from = rule.params[name]?.fromStack;
      return `parameter ${name} of rule ${rule.id} has no value; set it${from ? `, or \`${from}\` in the stack` : ""}`;
    }),
  );
  if (faults.length > 0) throw new AdmissionError(faults);
  const texts = held.map((rule) => {
    const { values } = resolveParams(rule, settings.params?.[rule.id], settings.stack);
    return { rule, text: admissionText(rule, values) };
  });
  const podPolicies = new Map<string, RuleText[]>();
  for (const one of texts) {
    const name = nameOfPodPolicy(one);
    if (name !== undefined) podPolicies.set(name, [...(podPolicies.get(name) ?? []), one]);
  }
  return [
    ...[...podPolicies].flatMap(([name, group]) =>
      inParts(group).flatMap((part, at) => podPolicy(at === 0 ? name : `${name}-${at + 1}`, part, settings, options)),
    ),
    ...texts
      .filter((one) => nameOfPodPolicy(one) === undefined)
      .flatMap(({ rule, text }) => [
        policy(rule.id, describing(rule), {
          ...specOf(rule, settings),
          ...textOf(text, conditions(rule, text, settings)),
        }),
        binding(rule.id, labels(rule), actions(rule, options)),
      ]),
  ];
}

interface RuleText {
  rule: Rule;
  text: AdmissionText;
}

/** As few parts as are short enough to be compiled in time, in the order of the rules. */
function inParts(group: readonly RuleText[]): RuleText[][] {
  const parts: RuleText[][] = [];
  let length = Number.POSITIVE_INFINITY;
  for (const one of group) {
    const own = JSON.stringify(one.text).length;
    if (length + own > LONGEST) {
      parts.push([]);
      length = 0;
    }
    parts.at(-1)?.push(one);
    length += own;
  }
  return parts;
}

/** Characters of expressions in one policy. */
const LONGEST = 13_000;

/** The policy that a rule about pods stands in with others; undefined where it has one of its own. */
function nameOfPodPolicy({ rule, text }: RuleText): string | undefined {
  if (!isAboutPods(rule.match) || readsNamespace(text)) return undefined;
  return `pods-${rule.category}${rule.severity === "mandatory" ? "" : "-advice"}`;
}

/** Of a pod spec, or of the Kubernetes kinds that hold one and of nothing else. */
function isAboutPods(match: Match): boolean {
  if (match.subject !== "object") return match.subject === "podSpec";
  const { resources, namespaces, requester, operations } = match;
  const holdsOne = resources.every(({ apiGroups, kinds }) =>
    apiGroups.every((group) => kinds.every((kind) => Object.hasOwn(BUILT_IN, `${group}/${kind}`))),
  );
  return holdsOne && namespaces !== "platform" && requester === "anybody" && operations.join() === "CREATE,UPDATE";
}

function podPolicy(
  name: string,
  group: readonly RuleText[],
  settings: AdmissionSettings,
  options: AdmissionOptions,
): AdmissionObject[] {
  const [first] = group;
  if (!first) return [];
  const subresourcesOf = ({ match }: Rule) => (match.subject === "podSpec" ? match.subresources : []);
  const subresources = [...new Set(group.flatMap(({ rule }) => subresourcesOf(rule)))].sort();
  // Where all are rules for tenants, the API server itself leaves the platform's namespaces out.
  const everywhere = group.find(({ rule }) => isHeldEverywhere(rule.match));
  const parts = group.map(({ rule, text }): Part => {
    const notOf = subresources.filter((one) => !subresourcesOf(rule).some((own) => own === one));
    return { id: rule.id, text: guarded(rule, text, everywhere !== undefined, settings), notOf };
  });
  const text = together(parts);
  const { rule } = everywhere ?? first;
  const spec = { ...specOf(rule, settings, podResources(subresources)), ...textOf(text, [judged(text)]) };
  const shared = labels(first.rule);
  const rules = Object.fromEntries(
    group.map(({ rule: { id, title, reason, remediation } }) => [
      `rule.grunnmur/${id}`,
      `${title}. ${reason.trim()} ${remediation.trim()}`,
    ]),
  );
  return [
    policy(name, { labels: shared, annotations: rules }, spec),
    binding(name, shared, actions(first.rule, options)),
  ];
}

const isHeldEverywhere = (match: Match): boolean => match.subject !== "stack" && match.namespaces === "all";

/** The rule's text with what else it has to do with the object than that it holds a pod spec. */
function guarded(rule: Rule, text: AdmissionText, mixed: boolean, settings: AdmissionSettings): AdmissionText {
  const { match } = rule;
  const system = (settings.systemNamespaces ?? SYSTEM_NAMESPACES).map((name) => `'${name}'`).join(", ");
  const ofTenants = mixed && !isHeldEverywhere(match);
  const conditions = [
    ...(ofTenants ? ["variables.ofATenant"] : []),
    ...(match.subject === "object" ? [isOneOf(match.resources)] : []),
    ...(text.condition === undefined ? [] : [`(${text.condition})`]),
  ];
  return {
    variables: [
      ...(ofTenants ? [{ name: "ofATenant", expression: `!(request.namespace in [${system}])` }] : []),
      ...text.variables,
    ],
    validations: text.validations,
    ...(conditions.length > 0 && { condition: conditions.join(" && ") }),
  };
}

type ObjectResources = Extract<Match, { subject: "object" }>["resources"];

function isOneOf(resources: ObjectResources): string {
  const names = resources.flatMap(({ apiGroups, kinds }) =>
    apiGroups.flatMap((group) => kinds.map((kind) => `'${group || "v1"}/${kind}'`)),
  );
  return `object.apiVersion.split('/')[0] + '/' + object.kind in [${names.join(", ")}]`;
}

// What one condition may cost is a tenth of what all validations may: pods beyond these figures go to those at once.
const QUICK = { containers: 16, variables: 64, volumes: 32 };

/**
 * Whether the policy has anything to say of a pod: of what keeps to all the rules, nothing more is evaluated. What kinds of
 * others hold may lack fields that a rule reads; they are left to the validations, whose errors name their rule.
 */
function judged(text: Omit<AdmissionText, "condition">): object {
  const usual = [
    "request.kind.group in ['', 'apps', 'batch']",
    `[${PRELUDE.podSpec}].all(s, [s.?containers.orValue([]) + s.?initContainers.orValue([]) + s.?ephemeralContainers.orValue([])]`,
  ].join(" && ");
  const small = `.all(c, c.size() <= ${QUICK.containers} && c.all(i, i.?env.orValue([]).size() <= ${QUICK.variables}))`;
  const quick = `${usual}${small} && s.?volumes.orValue([]).size() <= ${QUICK.volumes})`;
  const expression = `(${NOT_BEING_REMOVED}) && (${HAS_POD_SPEC}) && !(${quick} && ${allHold(text)})`;
  return { name: "breaks-a-rule", expression: oneLine(expression) };
}

function policy(
  name: string,
  metadata: Omit<AdmissionObject["metadata"], "name">,
  spec: Record<string, unknown>,
): AdmissionObject {
  return { apiVersion: API_VERSION, kind: "ValidatingAdmissionPolicy", metadata: { name, ...metadata }, spec };
}

function specOf(rule: Rule, settings: AdmissionSettings, asked = resourceRules(rule)): Record<string, unknown> {
  return {
    failurePolicy: "Fail",
    matchConstraints: {
      matchPolicy: "Equivalent",
      resourceRules: asked,
      ...(isAboutEverything(rule.match) && { excludeResourceRules: WRITTEN_ALL_THE_TIME }),
      ...namespaces(rule, settings.systemNamespaces ?? SYSTEM_NAMESPACES),
    },
  };
}

function conditions(rule: Rule, { condition }: AdmissionText, settings: AdmissionSettings): object[] {
  const system = settings.systemNamespaces ?? SYSTEM_NAMESPACES;
  return [
    ...requester(rule.match, settings.reconciler ?? RECONCILER, system),
    ...(alwaysHasAnObject(rule.match)
      ? [{ name: "changes-more-than-its-removal", expression: NOT_BEING_REMOVED }]
      : []),
    // Kubernetes' own kinds always have one; others' may name another object instead.
    ...(rule.match.subject === "podSpec" ? [{ name: "has-a-pod-spec", expression: HAS_POD_SPEC }] : []),
    ...(condition === undefined ? [] : [{ name: "applies", expression: oneLine(condition) }]),
  ];
}

function textOf({ variables, validations }: Omit<AdmissionText, "condition">, matchConditions: object[]): object {
  return {
    matchConditions,
    ...(variables.length > 0 && {
      variables: variables.map(({ name, expression }) => ({ name, expression: oneLine(expression) })),
    }),
    validations: validations.map(({ expression, message, messageExpression }) => ({
      expression: oneLine(expression),
      message: oneLine(message),
      ...(messageExpression !== undefined && { messageExpression: oneLine(messageExpression) }),
      reason: "Forbidden",
    })),
  };
}

/** The API server quotes an expression that cannot be evaluated, and drops a warning that has a line break in it. */
const oneLine = (text: string): string => text.replace(/\s*\n\s*/g, " ").trim();

/**
 * An object that is being deleted may lose its finalizers even where it breaks a rule, or it could never go. Any other
 * change of it is judged: an object with a finalizer lives on, and works, as long as somebody likes.
 */
const NOT_BEING_REMOVED = [
  "oldObject == null || !has(object.metadata.deletionTimestamp)",
  "!object.all(k, k in ['metadata', 'status'] || k in oldObject && object[k] == oldObject[k])",
].join(" || ");

function namespaces(rule: Rule, system: readonly string[]): Record<string, unknown> {
  if (rule.match.subject === "stack" || rule.match.namespaces === "all") return {};
  // Set by the API server itself and not to be changed. For a Namespace it is asked of the object.
  const key = "kubernetes.io/metadata.name";
  const selected =
    rule.match.namespaces === "platform"
      ? { key, operator: "In", values: [...platformNamespaces(system)] }
      : { key, operator: "NotIn", values: [...system] };
  return { namespaceSelector: { matchExpressions: [selected] } };
}

const isAboutEverything = (match: Match): boolean =>
  match.subject === "object" && match.resources.some(({ kinds }) => isEveryKind(kinds));

const alwaysHasAnObject = (match: Match): boolean =>
  match.subject !== "object" || match.operations.every((operation) => operation === "CREATE" || operation === "UPDATE");

/** Asked first: of what anybody else asks for, nothing more is evaluated. */
function requester(match: Match, reconciler: string, system: readonly string[]): object[] {
  if (match.subject !== "object" || match.requester === "anybody") return [];
  const user = "request.userInfo.username";
  const isReconciler = `${user} == '${reconciler}'`;
  if (match.requester === "reconciler") return [{ name: "applies-the-repository", expression: isReconciler }];
  const account = "system:serviceaccount:";
  const others = system.map((name) => `!${user}.startsWith('${account}${name}:')`).join(" && ");
  const expression = `${isReconciler} || ${user}.startsWith('${account}') && ${others}`;
  return [{ name: "is-a-tenant", expression }];
}

function binding(name: string, shared: Record<string, string>, validationActions: string[]): AdmissionObject {
  return {
    apiVersion: API_VERSION,
    kind: "ValidatingAdmissionPolicyBinding",
    metadata: { name, labels: shared },
    spec: { policyName: name, validationActions },
  };
}

const actions = (rule: Rule, { action }: AdmissionOptions): string[] =>
  action === "Deny" && rule.severity === "mandatory" ? ["Deny"] : ["Warn", "Audit"];

function labels(rule: Rule): Record<string, string> {
  return {
    "app.kubernetes.io/part-of": "grunnmur",
    "grunnmur/category": rule.category,
    "grunnmur/severity": rule.severity,
  };
}

/** So that `kubectl get -o yaml` explains itself. */
function describing(rule: Rule): Omit<AdmissionObject["metadata"], "name"> {
  const annotations = {
    "grunnmur/title": rule.title,
    "grunnmur/reason": rule.reason.trim(),
    "grunnmur/remediation": rule.remediation.trim(),
    ...(rule.articles.length > 0 && { "grunnmur/gdpr-articles": rule.articles.join(", ") }),
  };
  return { labels: labels(rule), annotations };
}
