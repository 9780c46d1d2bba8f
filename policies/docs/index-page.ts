import type { Rule } from "../engine/rule";
import { CATEGORIES, type Category } from "../engine/terms";
import { heading, inOrder } from "./articles";
import { GATE_NAMES, table } from "./page";

const CATEGORY: Readonly<Record<Category, string>> = {
  "resource-limits": "Resource limits",
  "tenant-isolation": "Tenants kept apart from the platform",
  "gdpr-data-locality": "Data locality",
};

/** The table of contents, and the mapping between articles and rules, both ways. */
export function indexPage(rules: readonly Rule[]): string {
  const local = rules.filter(({ articles }) => articles.length > 0);
  return `${[
    "# The rules",
    INTRODUCTION,
    ...CATEGORIES.flatMap((category) => [
      `## ${CATEGORY[category]}`,
      table(
        ["rule", "what it asks", "severity", "holds at"],
        rules
          .filter((rule) => rule.category === category)
          .map((rule) => [
            link(rule),
            rule.title,
            rule.severity,
            rule.gates.map((gate) => GATE_NAMES[gate]).join(", "),
          ]),
      ),
    ]),
    "## From article to rules",
    ARTICLES,
    table(
      ["article", "heading", "rules"],
      inOrder(local.flatMap(({ articles }) => articles)).map((article) => [
        `Art. ${article}`,
        heading(article),
        local
          .filter(({ articles }) => articles.includes(article))
          .map(link)
          .join(", "),
      ]),
    ),
    "## From rule to articles",
    table(
      ["rule", "articles"],
      local.map((rule) => [link(rule), named(rule)]),
    ),
    "---\nMade from the rules by `policies/docs`. After changing a rule: `npm run build && node dist/policies/docs/write.js`",
  ].join("\n\n")}\n`;
}

const INTRODUCTION = `One rule is one text, and it holds at three gates: at **preview and \`up\`** (CrossGuard), in **review** (\`./grunnmur
check\`) and at **admission** (the cluster's API server). How a rule is written: [policies/rules](../../policies/rules/README.md).

A rule passes, fails, or cannot be decided yet. The last is an obligation: it is listed, and asked again when the value is
known. The gates see different things: review sees the files, admission sees the object as the API server has filled it in
(a Pod's requests come from its limits, quantities are rewritten). A test holds both against a real API server.`;

const ARTICLES = `Rules help with these articles of the General Data Protection Regulation, by technical means. Whether processing is
lawful is decided by people: purposes, legal bases and agreements are outside of what a program sees.`;

const link = ({ id }: Rule): string => `[\`${id}\`](${id}.md)`;

const named = ({ articles }: Rule): string =>
  inOrder(articles)
    .map((article) => `Art. ${article}`)
    .join(", ");
