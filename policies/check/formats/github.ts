import type { Rule } from "../../engine/rule";
import type { Entry } from "../../engine/verdict";
import type { CheckReport } from "../report";
import { printable } from "./printable";
import { excusedOf, objectOf } from "./text";
import { parted } from "./unasked";

/** Commands by which GitHub Actions puts marks on the lines of a pull request. */
export function toGithub(report: CheckReport, rules: readonly Rule[]): string {
  const { violations, exceptions, unread } = report;
  const { open, unasked } = parted(report.obligations, rules);
  const lines = [
    ...violations.map((entry) => command(entry.severity === "mandatory" ? "error" : "warning", entry, whole(entry))),
    ...open.map((entry) => command("notice", entry, whole(entry))),
    ...(unasked === undefined ? [] : [`::notice ${property("title", "not asked")}::${data(unasked)}`]),
    ...exceptions.map((entry) => command("notice", entry, `excepted: ${excusedOf(entry)}`)),
    ...unread.map(({ file, line, reason }) => {
      const place = line === null ? property("file", file) : `${property("file", file)},line=${line}`;
      return `::error ${place},title=could not be read::${data(reason)}`;
    }),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

const whole = (entry: Entry): string => `${objectOf(entry)}${entry.message}\n${entry.remedy}`;

function command(level: string, entry: Entry, message: string): string {
  const properties = [
    ...(entry.file === undefined ? [] : [property("file", entry.file)]),
    ...(entry.line === undefined ? [] : [`line=${entry.line}`]),
    property("title", entry.rule),
  ];
  return `::${level} ${properties.join(",")}::${data(message)}`;
}

const data = (text: string): string => text.replaceAll("%", "%25").split("\n").map(printable).join("%0A");
const property = (name: string, text: string): string =>
  `${name}=${data(text).replaceAll(":", "%3A").replaceAll(",", "%2C")}`;
