import type { Rule } from "../../engine/rule";
import type { CheckReport } from "../report";
import { objectOf, placeOf } from "./text";

/** JUnit's XML: one test case a rule, failed once for each violation of it; what could not be read is an error. */
export function toJunit(report: CheckReport, rules: readonly Rule[]): string {
  const cases = rules.map((rule) => {
    const failures = report.violations.filter((entry) => entry.rule === rule.id && entry.severity === "mandatory");
    const open = [
      ...report.violations.filter((entry) => entry.rule === rule.id && entry.severity === "advisory"),
      ...report.obligations.filter((entry) => entry.rule === rule.id),
    ];
    const body = [
      ...failures.map((entry) => {
        const text = `${placeOf(entry)}: ${objectOf(entry)}${entry.message}`;
        return `      <failure message="${xml(text)}">${xml(`${entry.path}\n${entry.remedy}`)}</failure>`;
      }),
      ...(open.length > 0
        ? [
            `      <system-out>${xml(open.map((e) => `${placeOf(e)}: ${objectOf(e)}${e.message}`).join("\n"))}</system-out>`,
          ]
        : []),
    ];
    const tag = `    <testcase classname="${rule.category}" name="${xml(`${rule.id}: ${rule.title}`)}"`;
    return body.length === 0 ? `${tag}/>` : [`${tag}>`, ...body, "    </testcase>"].join("\n");
  });
  const unread = report.unread.map(({ file, line, reason }) => {
    const name = xml(line === null ? file : `${file}:${line}`);
    return `    <testcase classname="read" name="${name}"><error message="${xml(reason)}"/></testcase>`;
  });
  const failed = new Set(report.violations.filter((e) => e.severity === "mandatory").map((e) => e.rule)).size;
  const counts = `tests="${cases.length + unread.length}" failures="${failed}" errors="${unread.length}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${counts}>`,
    `  <testsuite name="grunnmur check" ${counts}>`,
    ...cases,
    ...unread,
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}

/** XML 1.0 has no way to write most control characters. */
function xml(text: string): string {
  const named: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\n": "&#10;" };
  return Array.from(text, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x20 && character !== "\n" && character !== "\t") return "\ufffd";
    return named[character] ?? character;
  }).join("");
}
