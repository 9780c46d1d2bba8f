import type { Rule } from "../../engine/rule";
import type { CheckReport } from "../report";
import { printable } from "./printable";
import { excusedOf, objectOf, placeOf } from "./text";

/** JUnit's XML: one test case a rule, failed once for each violation of it; what could not be read is an error. */
export function toJunit(report: CheckReport, rules: readonly Rule[]): string {
  const cases = rules.map((rule) => {
    const failures = report.violations.filter((entry) => entry.rule === rule.id && entry.severity === "mandatory");
    const advice = report.violations.filter((entry) => entry.rule === rule.id && entry.severity === "advisory");
    const open = [...advice, ...report.obligations.filter((entry) => entry.rule === rule.id)];
    const excepted = report.exceptions.filter((entry) => entry.rule === rule.id);
    const said = [
      ...open.map((entry) => `${placeOf(entry)}: ${objectOf(entry)}${entry.message}`),
      ...excepted.map((entry) => `${placeOf(entry)}: excepted: ${excusedOf(entry)}`),
    ];
    const body = [
      ...failures.map((entry) => {
        const text = `${placeOf(entry)}: ${objectOf(entry)}${entry.message}`;
        return `      <failure message="${xml(text)}">${xml(entry.path)}&#10;${xml(entry.remedy)}</failure>`;
      }),
      ...(said.length > 0 ? [`      <system-out>${said.map(xml).join("&#10;")}</system-out>`] : []),
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

/** XML 1.0 has no way to write most control characters; what is left of them is readable text. */
function xml(text: string): string {
  const named: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return printable(text).replace(/[&<>"]/g, (character) => named[character] ?? "");
}
