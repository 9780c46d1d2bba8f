import type { Policy, PolicyConfigSchema } from "@pulumi/policy";
import type { Parameter, Rule } from "../engine/rule";

/** What Pulumi shows of a rule: its policy without the functions. */
export function describePolicy(rule: Rule): Policy {
  return {
    name: rule.id,
    displayName: rule.title,
    description: `${rule.title}. ${rule.reason}`,
    enforcementLevel: rule.severity,
    severity: rule.severity === "mandatory" ? "high" : "medium",
    remediationSteps: rule.remediation,
    tags: [rule.category, ...rule.articles.map((article) => `gdpr-${article}`)],
    configSchema: configSchema(rule),
    ...(rule.articles.length > 0 && {
      framework: {
        name: "GDPR",
        version: "Regulation (EU) 2016/679",
        reference: rule.articles.map((article) => `Article ${article}`).join(", "),
        specification: `Helps with ${rule.articles.map((article) => `Article ${article}`).join(", ")}: ${rule.title}`,
      },
    }),
  };
}

function configSchema(rule: Rule): PolicyConfigSchema {
  const properties = Object.entries(rule.params).map(([name, parameter]) => [name, schemaOf(parameter)]);
  return { properties: Object.fromEntries(properties) };
}

type Schema = PolicyConfigSchema["properties"][string];

function schemaOf(parameter: Parameter): Schema {
  const { description, allowed } = parameter;
  const fallback = parameter.default === undefined ? "" : ` Default: ${JSON.stringify(parameter.default)}.`;
  const source = parameter.fromStack === undefined ? "" : ` Taken from the stack's ${parameter.fromStack}.`;
  return {
    ...typeOf(parameter.type),
    // Not as `default`: the engine would configure it, and what is configured comes before what the stack says.
    description: `${description}${source}${fallback}`,
    ...(allowed && { enum: allowed }),
  };
}

function typeOf(type: Parameter["type"]): Schema {
  switch (type) {
    case "string":
    case "quantity":
      return { type: "string" };
    case "integer":
    case "number":
    case "boolean":
      return { type };
    case "strings":
      return { type: "array", items: { type: "string" } };
    case "objects":
      return { type: "array", items: { type: "object" } };
    default:
      return type satisfies never;
  }
}
