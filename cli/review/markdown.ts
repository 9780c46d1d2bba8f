import { UNSEEN } from "../terminal/plain";
import type { RegisterChange } from "./register";
import type { Review } from "./review";
import type { Operation, Step } from "./steps";

/** A part of the report: its lines stand below its title, in the order in which they matter. */
interface Section {
  title: string;
  /** Markdown of one entry each, which may run over several lines. */
  entries: string[];
  /** What is said where there are none; absent where the section is then left out. */
  none?: string;
  /** Shown when asked for. */
  folded?: boolean;
}

/** GitHub takes 65,536 characters in a comment, GitLab a million. In bytes, with room for what a pipeline adds. */
const COMMENT_BYTES = 60_000;
const VALUE_CHARACTERS = 400;
/** Of one component; all of them stand at the end. */
const NAMES = 8;

/** The whole review as Markdown. */
export const markdown = (review: Review): string => written(head(review), sections(review), Number.POSITIVE_INFINITY);

/** The same for a comment: cut from its end where it is too long, with what is left out counted. */
export const comment = (review: Review, bytes = COMMENT_BYTES): string =>
  written(head(review), sections(review), bytes);

function written(lead: string, parts: Section[], bytes: number): string {
  const size = (text: string) => Buffer.byteLength(text) + 1;
  // What is left out has to be said too.
  let room = bytes - size(lead) - 300 - parts.length * 120;
  let leftOut = 0;
  const text = parts.flatMap(({ title, entries, none, folded }) => {
    if (entries.length === 0) return none ? [`### ${title}\n\n${none}`] : [];
    const shown: string[] = [];
    for (const entry of entries) {
      if (size(entry) > room) break;
      room -= size(entry);
      shown.push(entry);
    }
    // What follows is left out too: a report that has holes reads as if it had none.
    if (shown.length < entries.length) room = 0;
    const rest = entries.length - shown.length;
    leftOut += rest;
    const said = [
      ...shown,
      ...(rest > 0 ? [`- … ${rest} ${rest === 1 ? "entry is" : "entries are"} left out here.`] : []),
    ];
    const body = said.join("\n");
    return [
      folded
        ? `<details><summary>${title} (${entries.length})</summary>\n\n${body}\n\n</details>`
        : `### ${title}\n\n${body}`,
    ];
  });
  const note = leftOut > 0 ? [`**${leftOut} entries are left out**: the report as a file has them all.`] : [];
  return `${[lead, ...note, ...text].join("\n\n")}\n`;
}

const VERDICTS: Record<Review["verdict"], (review: Review) => string> = {
  refused: ({ reasons }) => `**Refused**, for ${count(reasons.length, "reason")}.`,
  failed: () => "**The preview did not come to its end.** What it says below is what it had seen until then.",
  asks: ({ asks }) =>
    `**Deletes data.** \`up\` goes ahead only with ${asks.map((name) => code(`--accept-loss ${name}`)).join(" ")}.`,
  replaces: ({ steps }) =>
    `**Replaces or deletes** ${count(gone(steps).length, "resource")}, and no data that somebody has to agree to.`,
  changes: ({ steps }) => `**Changes ${count(steps.length, "resource")}**, and replaces and deletes none.`,
  nothing: () => "**Changes nothing.**",
};

function head(review: Review): string {
  const { stack, date, reasons, notes, open, packs } = review;
  const lines = [
    `## Preview of ${code(stack)}, ${date}`,
    VERDICTS[review.verdict](review),
    ...(reasons.length > 0 ? [reasons.map((reason) => `- ${block(reason)}`).join("\n")] : []),
    ...(notes.length > 0 ? [`To know:\n${notes.map((note) => `- ${block(note)}`).join("\n")}`] : []),
    ...(open.length > 0
      ? [
          `${count(open.length, "verdict")} of the policies ${open.length === 1 ? "is" : "are"} open; what is open is not passed.`,
        ]
      : []),
    ...(packs.length === 0 && review.verdict !== "refused" ? ["**No policy pack has looked at this.**"] : []),
  ];
  return lines.join("\n\n");
}

function sections(review: Review): Section[] {
  const { nodes, losses, steps, settings, policies, open, endings, register, packs } = review;
  const registered = settings.filter(({ setting }) => /^(destinations|administration|backups)\b/.test(setting));
  const unknown = "Not known: the preview ended before.";
  const nothing = review.whole ? "Nothing." : unknown;
  // A stack file that cannot be read, or merged, says nothing of the register either.
  const unread = !review.whole && settings.length === 0 && steps.length === 0;
  const rest = gone(steps).filter(({ name }) => !nodes.some((node) => name.startsWith(`${node.name}-`)));
  return [
    {
      title: "Replaced and deleted",
      entries: [
        ...nodes.map(({ name, role, site, what, loss, also }) =>
          [
            `- **${code(name)}** (${role} in ${code(site)}) is ${what}.`,
            ...(loss ? [`  - ${block(loss, "    ")}`] : []),
            ...also.map((line) => `  - ${plain(line)}`),
          ].join("\n"),
        ),
        ...losses.map((loss) => `- ${block(loss)}`),
        ...byComponent(rest),
      ],
      none: nothing,
    },
    {
      title: "Settings",
      entries: settings
        .filter((one) => !registered.includes(one))
        .map(({ setting, from, to, about, effect }) =>
          [
            `- ${code(setting)}: ${value(from)} → ${value(to)}`,
            ...(effect ? [`  - ${plain(effect)}`] : []),
            ...(about ? [`  - <sub>${plain(about)}</sub>`] : []),
          ].join("\n"),
        ),
    },
    {
      title: "Created and updated",
      entries: byComponent(steps.filter((step) => !gone([step]).length)),
      none: nothing,
    },
    {
      title: "Policies",
      entries: [
        ...policies.map(
          ({ rule, pack, level, resource, message }) =>
            `- **${level === "mandatory" ? "refuses" : "warns"}**: ${code(rule)} of ${code(pack)}, on ${code(resource)}: ${block(message)}`,
        ),
        ...open.map(
          ({ rule, resource, message, waitsFor }) =>
            `- **open**: ${code(rule)} on ${code(resource)}, waits for ${code(waitsFor.join(", "))}: ${block(message)}`,
        ),
      ],
      none: !review.whole
        ? unknown
        : packs.length > 0
          ? `${packs.map((pack) => code(pack)).join(" and ")} have nothing against it.`
          : "None has looked at this.",
    },
    {
      title: "Ends within 30 days",
      entries: endings.map(
        ({ what, on, days }) => `- ${code(what)}: ${on}, ${days < 0 ? `over for ${-days} days` : `in ${days} days`}`,
      ),
      none: unread
        ? unknown
        : "Nothing of the register. Exceptions are in the configuration repository, and `check` tells of them.",
    },
    {
      title: "Register of sites and destinations",
      entries: [
        ...register.map(registerEntry),
        ...[...new Set(registered.flatMap(({ effect }) => effect ?? []))].map((effect) => `- ${plain(effect)}`),
      ],
      none: unread ? unknown : "As it was.",
    },
    {
      title: "Each resource, and the inputs of it that differ",
      entries: steps.map(
        ({ operation, component, name, type, properties }) =>
          `- ${operation} ${code(`${component}/${name}`)} (${code(type)})${properties.length > 0 ? `: ${properties.map((one) => code(one)).join(", ")}` : ""}`,
      ),
      folded: true,
    },
  ];
}

const gone = (steps: readonly Step[]): Step[] =>
  steps.filter(({ operation }) => operation === "replace" || operation === "delete");

/** Such as `- nodes: update a, b; create c`. What only the state itself keeps is no news to a reader. */
function byComponent(all: readonly Step[]): string[] {
  const steps = all.filter(({ type }) => type !== "pulumi:index:Stash");
  const components = [...new Set(steps.map(({ component }) => component))];
  const operations: Operation[] = ["delete", "replace", "create", "update"];
  return components.map((component) => {
    const said = operations.flatMap((operation) => {
      const found = steps.filter((step) => step.component === component && step.operation === operation);
      if (found.length === 0) return [];
      const shown = found.slice(0, found.length > NAMES ? NAMES - 1 : NAMES).map(({ name }) => code(name));
      const more = found.length > shown.length ? ` and ${found.length - shown.length} more` : "";
      return [`${operation} ${shown.join(", ")}${more}`];
    });
    return `- ${component}: ${said.join("; ")}`;
  });
}

function registerEntry({ kind, name, change, from, to }: RegisterChange): string {
  const entry = (values?: Record<string, unknown>) =>
    Object.entries(values ?? {})
      .map(([key, one]) => `${key} ${value(one)}`)
      .join(", ");
  if (change === "added") return `- ${kind} ${code(name)} **added**: ${entry(to)}`;
  if (change === "removed") return `- ${kind} ${code(name)} **removed**: ${entry(from)}`;
  const keys = Object.keys({ ...from, ...to });
  return `- ${kind} ${code(name)} changed: ${keys.map((key) => `${key} ${value(from?.[key])} → ${value(to?.[key])}`).join(", ")}`;
}

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? "" : "s"}`;

function value(of: unknown): string {
  if (of === undefined) return "absent";
  if (typeof of !== "object" || of === null || Array.isArray(of))
    return code(typeof of === "string" ? of : JSON.stringify(of));
  return Object.entries(of)
    .map(([key, one]) => `${code(key)} ${value(one)}`)
    .join(", ");
}

/**
 * What came from a stack file or a message, as code: who writes it is the one whose change is reviewed. In a span of code no
 * platform looks for HTML, links, mentions of people or commands of its own.
 */
function code(text: string, characters = VALUE_CHARACTERS): string {
  const line = text.replace(/\s+/g, " ").replace(UNSEEN, "\ufffd").trim();
  const short = line.length > characters ? `${line.slice(0, characters)}… (${line.length} characters)` : line;
  const fence = "`".repeat(longestRun(short) + 1);
  const pad = /^`|`$/.test(short) ? " " : "";
  return short === "" ? "empty" : `${fence}${pad}${short}${pad}${fence}`;
}

/** The same for a text of several lines, inside an entry of a list. */
function block(text: string, indent = "  "): string {
  const clean = text.replace(/\r\n?/g, "\n").replace(UNSEEN, "\ufffd").trim();
  if (!clean.includes("\n")) return code(clean, Number.POSITIVE_INFINITY);
  const fence = "`".repeat(Math.max(3, longestRun(clean) + 1));
  return [`\n${indent}${fence}text`, ...clean.split("\n").map((line) => `${indent}${line}`), `${indent}${fence}`].join(
    "\n",
  );
}

const longestRun = (text: string): number => Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));

/** A sentence of our own: Markdown already, whose links lead nowhere outside the repository's documents. */
const plain = (text: string): string => text.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1");
