import type { Rule } from "../../engine/rule";
import type { CheckReport } from "../report";
import { toGithub } from "./github";
import { toGitlab } from "./gitlab";
import { toJson } from "./json";
import { toJunit } from "./junit";
import { toSarif } from "./sarif";
import { toText } from "./text";

export const FORMATS = ["text", "json", "sarif", "junit", "github", "gitlab"] as const;
export type Format = (typeof FORMATS)[number];

/** @param rules those that were asked */
export function formatReport(report: CheckReport, format: Format, rules: readonly Rule[]): string {
  switch (format) {
    case "text":
      return toText(report, rules);
    case "json":
      return toJson(report);
    case "sarif":
      return toSarif(report, rules);
    case "junit":
      return toJunit(report, rules);
    case "github":
      return toGithub(report, rules);
    case "gitlab":
      return toGitlab(report, rules);
    default:
      return format satisfies never;
  }
}
