import { createHash } from "node:crypto";
import type { CheckReport } from "../report";
import { objectOf } from "./text";

/** GitLab's code quality report (`artifacts:reports:codequality`). */
export function toGitlab({ violations, unread }: CheckReport): string {
  const items = [
    ...violations.map((entry) => ({
      description: `${objectOf(entry)}${entry.message}. ${entry.remedy}`,
      check_name: entry.rule,
      severity: entry.severity === "mandatory" ? "major" : "minor",
      // Not of the line: the same fault further down is the same fault.
      fingerprint: fingerprint(entry.rule, entry.file, entry.kind, entry.namespace, entry.name, entry.path),
      location: { path: entry.file ?? "-", lines: { begin: entry.line ?? 1 } },
    })),
    ...unread.map(({ file, line, reason }) => ({
      description: `could not be read: ${reason}`,
      check_name: "readable",
      severity: "blocker",
      fingerprint: fingerprint("readable", file, reason),
      location: { path: file, lines: { begin: line ?? 1 } },
    })),
  ];
  return `${JSON.stringify(items, null, 2)}\n`;
}

const fingerprint = (...parts: (string | undefined)[]): string =>
  createHash("sha256").update(parts.join("\n")).digest("hex");
