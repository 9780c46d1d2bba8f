import * as yaml from "js-yaml";
import { isEveryKind } from "../engine/match";
import type { Match, Parameter, Rule, Validation } from "../engine/rule";
import type { Gate } from "../engine/terms";
import { heading, inOrder } from "./articles";

/** One rule as a page for whoever is told that they broke it. */
export function page(rule: Rule): string {
  return `${[
    `# \`${rule.id}\`: ${rule.title}`,
    facts(rule),
    "## Why",
    rule.reason.trim(),
    "## What to do",
    rule.remediation.trim(),
    ...(rule.undecidable ? ["## What it cannot tell", rule.undecidable.trim()] : []),
    ...parameters(rule),
    "## What it says",
    ...says(rule),
    "## Examples",
    ...examples(rule),
    "---\nMade from the rule by `policies/docs`; the rule is " +
      `[policies/rules/${rule.id}.yaml](../../policies/rules/${rule.id}.yaml). [All rules](README.md)`,
  ].join("\n\n")}\n`;
}

export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => "---"), ...rows].map((row) => `| ${row.map(cell).join(" | ")} |`).join("\n");

const cell = (text: string): string => text.replace(/\s+/g, " ").replaceAll("|", "\\|").trim();

export const GATE_NAMES: Readonly<Record<Gate, string>> = {
  crossguard: "preview and `up`",
  check: "review",
  admission: "admission",
};

export const SEVERITY: Readonly<Record<Rule["severity"], string>> = {
  mandatory: "mandatory: what breaks it is refused",
  advisory: "advisory: what breaks it is warned of",
};

function facts(rule: Rule): string {
  const articles = inOrder(rule.articles).map((article) => `Art. ${article} (${heading(article)})`);
  return table(
    ["", ""],
    [
      ["severity", SEVERITY[rule.severity]],
      ["holds at", rule.gates.map((gate) => GATE_NAMES[gate]).join(", ")],
      ["is about", about(rule.match)],
      ...(articles.length > 0 ? [["helps with, in the GDPR", articles.join("; ")]] : []),
    ],
  );
}

const WHERE = {
  tenant: "; the platform's own namespaces are left out",
  platform: " in the platform's own namespaces and in `default`",
  all: "",
};

const WHO = {
  anybody: "",
  tenant: "; asked for by the tenants' repository, or by an account of a tenant's namespace",
  reconciler: "; asked for by the tenants' repository",
};

function about(match: Match): string {
  const where = match.subject === "stack" ? "" : WHERE[match.namespaces];
  const when = match.when ? `; where \`${match.when}\`` : "";
  switch (match.subject) {
    case "podSpec": {
      const also = match.subresources.map((name) => `\`pods/${name}\``).join(" and ");
      return `Pods, everything that makes pods (also of Argo Rollouts, Knative, KEDA, Kruise, OpenShift and others), and PodTemplates${also && `, also at ${also}`}${where}${when}`;
    }
    case "object":
      return what(match.resources) + where + WHO[match.requester] + when;
    case "stack":
      return `the stack's configuration${when}`;
    default:
      return match satisfies never;
  }
}

function what(resources: Extract<Match, { subject: "object" }>["resources"]): string {
  return resources.map(({ kinds }) => (isEveryKind(kinds) ? "every object" : kinds.join(", "))).join(", ");
}

function parameters(rule: Rule): string[] {
  const rows = Object.entries(rule.params).map(([name, parameter]) => [
    `\`${name}\``,
    parameter.allowed ? parameter.allowed.map((value) => `\`${value}\``).join(", ") : parameter.type,
    value(parameter),
    parameter.description,
  ]);
  return rows.length === 0 ? [] : ["## Parameters", table(["name", "values", "where not set", "what"], rows)];
}

function value({ fromStack, default: fallback }: Parameter): string {
  const stack = fromStack && `\`${fromStack}\` of the stack`;
  const rest = fallback === undefined ? undefined : `\`${JSON.stringify(fallback)}\``;
  return [stack, rest].filter((text) => text !== undefined).join(", else ") || "must be set";
}

function says(rule: Rule): string[] {
  const variables = rule.variables.map(({ name, expression }) => `${name} = ${expression.trim()}`);
  const validations = rule.validations.map((validation) => condition(rule, validation));
  const text = [...variables, ...validations].join("\n\n");
  const cel =
    text === ""
      ? []
      : ["In [CEL](../../policies/rules/README.md), each of these is true where it holds:", fenced("", text)];
  if (!rule.implementation) return cel;
  const { name, gates } = rule.implementation;
  const link = `[policies/implementations](../../policies/implementations/index.ts)`;
  const at = gates.map((gate) => GATE_NAMES[gate]).join(", ");
  return [...cel, `What needs several objects is \`${name}\` in ${link}, at ${at}.`];
}

function condition(rule: Rule, { each, expression, gates }: Validation): string {
  const list = typeof each === "string" ? `variables.${each}` : each?.list;
  const item = typeof each === "string" ? "" : ` as ${each?.as}`;
  const narrowed = gates && gates.length < rule.gates.length ? `// only at ${gates.join(", ")}\n` : "";
  return `${narrowed}${list === undefined ? "" : `// for each of ${list}${item}\n`}${expression.trim()}`;
}

function examples(rule: Rule): string[] {
  const { good, bad } = rule.examples;
  return [
    ...bad.flatMap((example) => {
      const said = example.expect.flatMap(({ message }) => (message ? [`\`${message}\``] : []));
      return shown("Refused", example, said.length > 0 ? ` (… ${said.join(", ")} …)` : "");
    }),
    ...good.flatMap((example) => shown("Taken", example, "")),
  ];
}

type Example = Rule["examples"]["good"][number];

function shown(verdict: string, example: Example, said: string): string[] {
  const { title, params, stack, podSpec, objects } = example;
  const subject = podSpec ?? objects ?? example.object;
  const documents = Array.isArray(subject) ? subject : [subject];
  const settings = { ...(params && { params }), ...(stack && { stack }) };
  const with_ =
    Object.keys(settings).length > 0 ? [`# with\n${dump(settings).replace(/^/gm, "# ").replace(/# $/, "")}`] : [];
  return [
    `**${verdict}: ${title}**${said}`,
    fenced("yaml", [...with_, ...documents.map(dump)].map((t) => t.trimEnd()).join("\n---\n")),
  ];
}

const dump = (value: unknown): string => yaml.dump(value, { lineWidth: 120, noRefs: true, flowLevel: 6 });

function fenced(language: string, text: string): string {
  return `\`\`\`${language}\n${text.trimEnd()}\n\`\`\``;
}
