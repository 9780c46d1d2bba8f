import type { Rule } from "../../engine/rule";
import type { CheckReport } from "../report";
import { Fingerprints } from "./fingerprint";
import { excusedOf, objectOf } from "./text";
import { parted } from "./unasked";

/** GitLab's code quality report (`artifacts:reports:codequality`). What is excepted or open is shown, and fails nothing. */
export function toGitlab(report: CheckReport, rules: readonly Rule[]): string {
  const { violations, exceptions, unread } = report;
  const { open, unasked } = parted(report.obligations, rules);
  const fingerprints = new Fingerprints();
  const item = (entry: (typeof violations)[number], severity: string, description: string) => ({
    description,
    check_name: entry.rule,
    severity,
    fingerprint: fingerprints.ofEntry(entry),
    location: { path: entry.file ?? "-", lines: { begin: entry.line ?? 1 } },
  });
  const items = [
    ...violations.map((entry) =>
      item(
        entry,
        entry.severity === "mandatory" ? "major" : "minor",
        `${objectOf(entry)}${entry.message}. ${entry.remedy}`,
      ),
    ),
    ...exceptions.map((entry) => item(entry, "info", `excepted: ${excusedOf(entry)}`)),
    ...open.map((entry) => item(entry, "info", `open: ${objectOf(entry)}${entry.message}`)),
    ...(unasked === undefined ? [] : [notAsked(unasked, fingerprints)]),
    ...unread.map(({ file, line, reason }) => ({
      description: `could not be read: ${reason}`,
      check_name: "readable",
      severity: "blocker",
      fingerprint: fingerprints.of("readable", file, reason),
      location: { path: file, lines: { begin: line ?? 1 } },
    })),
  ];
  return `${JSON.stringify(items, null, 2)}\n`;
}

function notAsked(description: string, fingerprints: Fingerprints) {
  const fingerprint = fingerprints.of("not-asked", description);
  return {
    description,
    check_name: "not-asked",
    severity: "info",
    fingerprint,
    location: { path: "-", lines: { begin: 1 } },
  };
}
