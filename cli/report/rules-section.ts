import type { Evidence } from "./evidence";
import { type Markup, markup } from "./markup";
import type { AtGate, RuleResult } from "./rules";
import { table } from "./table";

const GATE: Record<AtGate["state"], [text: string, look: string]> = {
  "not held": ["-", "dim"],
  unknown: ["not known", "open"],
  kept: ["kept", "good"],
  broken: ["broken", "bad"],
  open: ["open", "open"],
  "in force": ["in force", "good"],
  advises: ["advises", "good"],
  missing: ["not in force", "bad"],
};

function atGate(gate: AtGate): Markup {
  const [text, look] = GATE[gate.state];
  return markup`<span class="${look}">${text}</span>`;
}

const findingsOf = ({ preview, review, cluster }: RuleResult): string[] =>
  [preview, review, cluster].flatMap((gate) => ("findings" in gate ? gate.findings : []));

/** What each rule asks, and what the three gates that hold it say of it. */
export function rulesSection({ rules: all, exceptions }: Evidence): Markup {
  const told = all.filter((rule) => findingsOf(rule).length > 0);
  const articles = ({ articles: of }: RuleResult) => (of.length > 0 ? of.map((one) => `Art. ${one}`).join(", ") : "-");
  return markup`<p>Three gates hold them: a preview judges the stack file, a review judges the last commit of the configuration repository,
and the cluster refuses what breaks a rule. The articles are those of the GDPR that a rule helps with. What a machine cannot tell, no rule tells.</p>
${table(
  ["rule", "what it asks", "articles", "weight", "preview", "review", "cluster"],
  all.map((rule) => [
    markup`<code>${rule.id}</code>`,
    rule.title,
    articles(rule),
    rule.severity,
    atGate(rule.preview),
    atGate(rule.review),
    atGate(rule.cluster),
  ]),
  "There are no rules.",
  [1],
)}
<h3>What they say</h3>${table(
    ["rule", "what was found"],
    told.map((rule) => [
      markup`<code>${rule.id}</code>`,
      markup`${findingsOf(rule).map((one) => markup`<div>${one}</div>`)}`,
    ]),
    "Nothing was found.",
    [1],
  )}
<h3>Exceptions</h3>${table(
    ["rule", "of", "reason", "who answers for it", "until"],
    exceptions.map((one) => [markup`<code>${one.rule}</code>`, one.object, one.reason, one.who, one.until]),
    "None was found in use.",
    [2],
  )}`;
}
