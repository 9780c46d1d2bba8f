import type { Entry } from "../../engine/verdict";
import type { CheckReport } from "../report";
import { objectOf } from "./text";

/** Commands by which GitHub Actions puts marks on the lines of a pull request. */
export function toGithub({ violations, obligations, unread }: CheckReport): string {
  const lines = [
    ...violations.map((entry) => command(entry.severity === "mandatory" ? "error" : "warning", entry)),
    ...obligations.map((entry) => command("notice", entry)),
    ...unread.map(({ file, line, reason }) => {
      const place = line === null ? property("file", file) : `${property("file", file)},line=${line}`;
      return `::error ${place},title=could not be read::${data(reason)}`;
    }),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

function command(level: string, entry: Entry): string {
  const properties = [
    ...(entry.file === undefined ? [] : [property("file", entry.file)]),
    ...(entry.line === undefined ? [] : [`line=${entry.line}`]),
    property("title", entry.rule),
  ];
  return `::${level} ${properties.join(",")}::${data(`${objectOf(entry)}${entry.message}\n${entry.remedy}`)}`;
}

const data = (text: string): string => text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
const property = (name: string, text: string): string =>
  `${name}=${data(text).replaceAll(":", "%3A").replaceAll(",", "%2C")}`;
