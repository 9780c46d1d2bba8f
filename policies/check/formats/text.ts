import type { Rule } from "../../engine/rule";
import type { Entry, Excused } from "../../engine/verdict";
import type { CheckReport, Note } from "../report";
import { printable } from "./printable";
import { parted } from "./unasked";

/** For people. */
export function toText(report: CheckReport, rules: readonly Rule[]): string {
  const { violations, exceptions, passedOver, unread } = report;
  const { open, unasked } = parted(report.obligations, rules);
  const lines = [
    ...violations.flatMap((entry) => [
      `${placeOf(entry)}: ${entry.severity === "mandatory" ? "error" : "advice"}: ${entry.rule}: ${objectOf(entry)}${entry.message}`,
      ...(entry.path ? [`    at ${entry.path}`] : []),
      `    ${entry.remedy}`,
    ]),
    ...open.map((entry) => `${placeOf(entry)}: open: ${entry.rule}: ${objectOf(entry)}${entry.message}`),
    ...(unasked === undefined ? [] : [`open: ${unasked}`]),
    ...exceptions.map((entry) => `${placeOf(entry)}: excepted: ${entry.rule}: ${excusedOf(entry)}`),
    ...summarized(passedOver).map((text) => `passed over: ${text}`),
    ...unread.map(
      ({ file, line, reason }) => `${file}${line === null ? "" : `:${line}`}: could not be read: ${reason}`,
    ),
    summary(report),
  ];
  // A line that begins so is a command to a CI's log, and a file may be called so.
  return lines.map((line) => `${printable(line).replace(/^(?=::|##\[)/, "./")}\n`).join("");
}

export function placeOf({ file, line }: Pick<Entry, "file" | "line">): string {
  return `${file ?? "-"}${line === undefined ? "" : `:${line}`}`;
}

export function objectOf({ kind, namespace, name }: Pick<Entry, "kind" | "namespace" | "name">): string {
  if (kind === "") return "";
  return `${kind} ${[namespace, name].filter(Boolean).join("/")}: `;
}

/** What is excepted, who answers for it, and until when. */
export function excusedOf(entry: Excused): string {
  const { who, until, reason } = entry.exception;
  return `${objectOf(entry)}${entry.message} (${who}, until ${until}: ${reason})`;
}

/** The same reason for many objects is said once. */
function summarized(notes: readonly Note[]): string[] {
  const byReason = new Map<string, Note[]>();
  for (const note of notes) byReason.set(note.reason, [...(byReason.get(note.reason) ?? []), note]);
  return [...byReason].map(([reason, [first, ...more]]) => {
    const place = `${first?.file ?? ""}${first?.line == null ? "" : `:${first.line}`}`;
    return `${place}${more.length > 0 ? ` and ${more.length} more` : ""}: ${reason}`;
  });
}

function summary({ counts }: CheckReport): string {
  const parts = [
    `${counts.objects} objects`,
    `${counts.rules} rules`,
    `${counts.mandatory} violations`,
    `${counts.advisory} pieces of advice`,
    `${counts.obligations} open`,
    `${counts.exceptions} excepted`,
    ...(counts.unread > 0 ? [`${counts.unread} could not be read`] : []),
  ];
  return parts.join(", ");
}
