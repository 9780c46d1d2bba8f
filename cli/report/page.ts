import type { Evidence } from "./evidence";
import { LINES } from "./history";
import { type Markup, markup, Markup as Ready } from "./markup";
import { bars } from "./plot";
import { registerSection } from "./register-section";
import type { AtGate } from "./rules";
import { rulesSection } from "./rules-section";
import { STYLE } from "./style";
import { type Cell, table } from "./table";
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
    ["register", "Register", registerSection(evidence)],
    ["rules", "Rules", rulesSection(evidence)],
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

function unknown({ unknown: all }: Evidence): Markup {
  if (all.length === 0) return markup``;
  return markup`<div class="note" role="note"><strong>Could not be established</strong><ul>${all.map(({ what, why }) => markup`<li>${what}: ${why}</li>`)}</ul></div>`;
}

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
