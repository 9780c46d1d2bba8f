import type { CheckReport } from "../report";
import { Fingerprints } from "./fingerprint";
import { excusedOf, objectOf } from "./text";

/** GitLab's code quality report (`artifacts:reports:codequality`). What is excepted or open is shown, and fails nothing. */
export function toGitlab({ violations, obligations, exceptions, unread }: CheckReport): string {
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
    ...obligations.map((entry) => item(entry, "info", `open: ${objectOf(entry)}${entry.message}`)),
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
