import type { Evidence } from "./evidence";
import { LINES } from "./history";
import { type Markup, markup, Markup as Ready } from "./markup";
import { bars } from "./plot";
import type { AtGate, RuleResult } from "./rules";
import { STYLE } from "./style";
import { topology } from "./topology";

/**
 * The evidence as one page: nothing is fetched for it, no script is in it, and it prints. It says what was found and where it was
 * found, and never whether somebody acts lawfully.
 */
export function page(evidence: Evidence): string {
  const { stack, at, by } = evidence;
  const day = at.slice(0, 10);
  const sections: [id: string, title: string, content: Markup][] = [
    ["summary", "In short", summary(evidence)],
    ["picture", "Where everything stands", markup`${topology(evidence)}${nodes(evidence)}`],
    ["register", "Register", register(evidence)],
    ["rules", "Rules", rules(evidence)],
    ["ends", "What ends", ends(evidence)],
    ["preflight", "What nodes were found to be", preflight(evidence)],
    ["changes", "Who changed what", changes(evidence)],
    ["software", "What runs", software(evidence)],
    ["sources", "How this was made", sources(evidence)],
  ];
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${stack}, ${day}</title>
<style>${new Ready(STYLE)}</style>
</head>
<body>
<h1>${stack}</h1>
<p class="lead">A ${evidence.environment} environment as it was on ${day} at ${at.slice(11, 16)} UTC, told by grunnmur ${by}.</p>
${unknown(evidence)}
<nav aria-label="Contents"><ul>${sections.map(([id, title]) => markup`<li><a href="#${id}">${title}</a></li>`)}</ul></nav>
${sections.map(([id, title, content]) => markup`<section id="${id}"><h2>${title}</h2>${content}</section>\n`)}
</body>
</html>
`.text;
}

type Cell = string | number | Markup | null | undefined;

/** Characters of what stays on one line. */
const SHORT = 20;

/** @param long columns that hold sentences, or what may be broken anywhere */
function table(heads: string[], rows: Cell[][], none: string, long: number[] = []): Markup {
  if (rows.length === 0) return markup`<p>${none}</p>`;
  const look = (value: Cell, column: number): string => {
    if (long.includes(column)) return "long";
    return typeof value === "string" && value.length > SHORT ? "" : "short";
  };
  const cell = (value: Cell, column: number) => markup`<td class="${look(value, column)}">${value ?? "not known"}</td>`;
  return markup`<div class="wide"><table><thead><tr>${heads.map((head) => markup`<th scope="col">${head}</th>`)}</tr></thead>
<tbody>${rows.map((row) => markup`<tr>${row.map(cell)}</tr>\n`)}</tbody></table></div>`;
}

function unknown({ unknown: all }: Evidence): Markup {
  if (all.length === 0) return markup``;
  return markup`<div class="note" role="note"><strong>Could not be established</strong><ul>${all.map(({ what, why }) => markup`<li>${what}: ${why}</li>`)}</ul></div>`;
}

const STANDING = {
  NO: "Norway",
  EEA: "in the EEA",
  adequacy: "found adequate, Art. 45",
  "third-country": "third country",
} as const;

function summary(evidence: Evidence): Markup {
  const { locality, sites, destinations, administration, rules: all, git, preview, nodes: every } = evidence;
  const at = (state: AtGate["state"]): number =>
    all.filter((rule) => [rule.preview, rule.review, rule.cluster].some((gate) => gate.state === state)).length;
  const countries = [...new Set(sites.map(({ country }) => country))].join(", ");
  const abroad = [...destinations, ...administration].filter(({ country }) => country !== "NO");
  const counted = `${all.length} rules: ${at("broken")} broken at some gate, ${at("missing")} not in force in the cluster, ${at("open")} open`;
  const ready = every.filter(({ ready: is }) => is).length;
  const facts: [string, Cell][] = [
    [
      "Promise",
      `Data stays in ${locality.profile}. ${locality.egress === "enforce" ? "Nodes refuse what is not declared." : "Nodes count what is not declared, and let it out."}`,
    ],
    ["Countries of sites", countries || "none"],
    ["Entries outside Norway", abroad.length === 0 ? "none declared" : abroad.map(({ country }) => country).join(", ")],
    ["Nodes", `${every.length}, of which ${ready} are known to be ready`],
    ["Rules", counted],
    ["Preview of the stack file", preview ? words(preview.verdict) : "not known"],
    ["In Git", git.head ? markup`<code>${git.head.slice(0, 12)}</code>` : null],
    ["In the cluster", git.applied ? markup`<code>${git.applied}</code>` : null],
    ["Ends within 30 days", `${evidence.endings.length} entries, exceptions and authorities`],
  ];
  return markup`<dl>${facts.map(([what, found]) => markup`<dt>${what}</dt><dd>${found ?? "not known"}</dd>\n`)}</dl>
${preview && preview.reasons.length > 0 ? markup`<div class="note"><ul>${preview.reasons.map((one) => markup`<li>${one}</li>`)}</ul></div>` : ""}`;
}

const VERDICTS: Record<string, string> = {
  nothing: "what is declared is what was brought about",
  changes: "what is declared differs from what was brought about",
  replaces: "what is declared differs from what was brought about, and would replace something",
  asks: "what is declared differs from what was brought about, and would delete data",
  refused: "what is declared is refused",
  failed: "it did not come to its end",
};

const words = (verdict: string): string => VERDICTS[verdict] ?? verdict;

function nodes({ nodes: all }: Evidence): Markup {
  return table(
    ["node", "role", "site", "hypervisor", "address", "state", "Kubernetes", "kernel", "Debian of", "disks said to be"],
    all.map((node) => [
      node.name,
      node.role,
      node.site,
      node.hypervisor ?? "none",
      node.address,
      node.ready === null
        ? null
        : node.ready
          ? markup`<span class="good">ready</span>`
          : markup`<span class="bad">not ready</span>`,
      node.role === "registry" ? "-" : node.kubelet,
      node.role === "registry" ? "-" : node.kernel,
      node.debian,
      node.diskEncryption ?? "not said",
    ]),
    "There are no nodes.",
  );
}

function register({ sites, destinations, administration, copies, wayIn }: Evidence): Markup {
  return markup`<p>As the stack file declares it. Basis and agreement are its words; whether they hold, people decide.</p>
<h3>Sites</h3>${table(
    ["site", "country", "standing", "town", "run by", "who answers to the law of", "machines"],
    sites.map((site) => [
      site.name,
      site.country,
      STANDING[site.standing],
      site.city,
      site.operator,
      site.operatorCountry,
      site.machines.map(({ name, diskEncryption }) => `${name} (disks: ${diskEncryption ?? "not said"})`).join(", "),
    ]),
    "No site is declared.",
  )}
<h3>To whom data or requests leave</h3>${table(
    ["host", "country", "addresses", "ports", "basis", "agreement", "expires"],
    destinations.map((one) => [
      one.host,
      one.country,
      one.addresses.join(", ") || "wherever the name leads",
      one.ports.join(", ") || "all",
      one.legalBasis,
      one.agreement,
      one.expires,
    ]),
    "No destination is declared.",
    [4, 5],
  )}
<h3>Who administers</h3>${table(
    ["who", "from", "basis", "agreement", "expires"],
    administration.map((one) => [one.who, one.country, one.legalBasis, one.agreement, one.expires]),
    "Nobody is declared.",
    [2, 3],
  )}
<h3>Copies and rehearsals</h3>${table(
    ["of", "at", "country", "kept for", "encrypted before they leave"],
    copies.map((one) => [
      one.of,
      one.host,
      one.country,
      `${one.retentionDays} days`,
      one.encrypted ? "said to be" : "no",
    ]),
    "No copies are declared.",
  )}<p class="dim">grunnmur makes no copies itself yet, and keeps no record of rehearsals: neither can be shown here.</p>
<h3>Who is let in from outside</h3>${table(
    ["name", "namespaces that may answer", "at"],
    (wayIn?.hosts ?? []).map(({ name, namespaces }) => [
      name,
      namespaces.join(", "),
      wayIn?.addresses.join(", ") || null,
    ]),
    "No name is answered for from outside.",
  )}`;
}

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

function rules({ rules: all, exceptions }: Evidence): Markup {
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

function ends({ endings, certificates }: Evidence): Markup {
  const soon = endings.map(({ what, on, days }) => [
    what,
    on,
    days < 0 ? markup`<span class="bad">${-days} days ago</span>` : `in ${days} days`,
  ]);
  return markup`<h3>Within 30 days, or over already</h3>${table(["what", "on", ""], soon, "Nothing.")}
<h3>Certificates</h3>${table(
    ["of", "ends"],
    certificates.map(({ of, ends: end }) => [of, end.slice(0, 10)]),
    "None was shown.",
  )}`;
}

function preflight({ nodes: all, limits }: Evidence): Markup {
  const rows = (key: "fsyncP99Milliseconds" | "writeIops" | "stealPercent") =>
    all.map(({ name, measured }) => ({ name, value: measured?.[key] }));
  return markup`<p>Each node was measured before it was given work, and not since.</p><div class="wide">
${bars({
  title: "Time of a small write with fdatasync, 99th percentile",
  unit: "ms",
  rows: rows("fsyncP99Milliseconds"),
  limit: { value: limits.fsyncP99Milliseconds, words: `at most ${limits.fsyncP99Milliseconds} ms` },
})}
${bars({
  title: "CPU time that the hypervisor gave to others",
  unit: "%",
  rows: rows("stealPercent"),
  limit: { value: limits.stealPercent, words: `at most ${limits.stealPercent} %` },
})}
${bars({ title: "Small writes a second", unit: "", rows: rows("writeIops") })}</div>`;
}

const minute = (at: string): string => at.slice(0, 16).replace("T", " ");

function changes({ commits, acts, actsSince, git }: Evidence): Markup {
  const past = (acts ?? []).map((act) => [
    minute(act.at) + (act.times > 1 ? `, ${act.times} times until ${minute(act.until)}` : ""),
    act.as ? `${act.who} as ${act.as}` : act.who,
    act.with,
    `${act.verb} ${act.object}`,
    act.done ? "done" : markup`<span class="open">refused</span>`,
    act.breakGlass ?? "-",
    act.undone ? `by the agent, ${minute(act.undone)}` : "-",
  ]);
  const none = acts === null ? "No audit log was read." : "Nobody wrote anything.";
  return markup`<h3>In Git</h3><p>The last commits of <code>${git.repository}</code>, branch ${git.branch}. Authors are as they call themselves.</p>
${table(
  ["when", "who", "what", "commit"],
  commits.map(({ date, author, subject, sha }) => [
    minute(date),
    author,
    subject,
    markup`<code>${sha.slice(0, 12)}</code>`,
  ]),
  "No commit was read.",
  [2],
)}
<h3>Past Git</h3><p>What people and tools wrote to the cluster, of its own audit logs${actsSince ? `, which begin at ${minute(actsSince)} UTC` : ""}: the
newest ${LINES} lines of each control plane. <code>up</code> is one of those tools. What the agent wrote after somebody else is drift undone.</p>
${table(["when, UTC", "who", "with", "what", "", "reason for going past Git", "undone"], past, none, [3])}`;
}

function software({ software: all, registry }: Evidence): Markup {
  const of = (kind: Evidence["software"][number]["kind"]) => all.filter((one) => one.kind === kind);
  const row = ({ name, version, digest, where }: Evidence["software"][number]): Cell[] => [
    name,
    version ?? "-",
    markup`<code>${digest}</code>`,
    where.join(", "),
  ];
  return markup`<p>${of("package").length} Debian packages with their versions stand in the bill of materials beside this page (CycloneDX), and so does
what follows. The registry at ${registry.host} has ${registry.repositories ?? "an unknown number of"} repositories.</p>
<h3>Images in containers</h3>${table(["image", "tag", "digest", "pods"], of("image").map(row), "None was seen.", [2])}
<h3>Programs on nodes, besides Debian's</h3>${table(["program", "version", "digest", "nodes"], of("program").map(row), "None was seen.", [2])}`;
}

function sources({ deployed }: Evidence): Markup {
  return markup`<ul>
<li>Sites, nodes, destinations, administrators and copies: the stack file.</li>
<li>Figures of nodes, images of disks: the state of the last <code>up</code>${deployed ? "" : ", which there is none of"}.</li>
<li>What runs, what is in force, what was written past Git: the cluster's API server and the nodes, asked as this was made.</li>
<li>Commits, and the review of the last one: the configuration repository.</li>
</ul>
<p>It is a record of what a program could see on one day. Whether a legal basis holds, an agreement is kept or a risk was weighed, it cannot see. It names people
who committed or administered, and addresses of machines: keep it as such records are kept.</p>`;
}
