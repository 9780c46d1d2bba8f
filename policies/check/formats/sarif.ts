import type { Rule } from "../../engine/rule";
import type { Entry } from "../../engine/verdict";
import type { CheckReport } from "../report";
import { Fingerprints } from "./fingerprint";
import { objectOf } from "./text";

/** SARIF 2.1.0. An excepted violation is a suppressed result, an open verdict one of kind `open`. */
export function toSarif(report: CheckReport, rules: readonly Rule[]): string {
  const { violations, obligations, exceptions, unread, passedOver } = report;
  const fingerprints = new Fingerprints();
  const result = (entry: Entry) => ({
    ruleId: entry.rule,
    message: { text: `${objectOf(entry)}${entry.message}. ${entry.remedy}` },
    locations: [location(entry.file, entry.line)],
    partialFingerprints: { "fault/v1": fingerprints.ofEntry(entry) },
  });
  const notification = (level: string) => (note: (typeof unread)[number]) => ({
    level,
    message: { text: note.reason },
    locations: [location(note.file, note.line ?? undefined)],
  });
  const run = {
    tool: { driver: { name: "grunnmur", rules: rules.map(describe) } },
    results: [
      ...violations.map((entry) => ({ ...result(entry), level: levelOf(entry.severity) })),
      ...obligations.map((entry) => ({ ...result(entry), kind: "open", level: "none" })),
      ...exceptions.map((entry) => ({
        ...result(entry),
        level: levelOf(entry.severity),
        suppressions: [{ kind: "external", justification: entry.exception.reason }],
      })),
    ],
    invocations: [
      {
        executionSuccessful: unread.length === 0,
        toolExecutionNotifications: [...unread.map(notification("error")), ...passedOver.map(notification("note"))],
      },
    ],
  };
  const schema = "https://json.schemastore.org/sarif-2.1.0.json";
  return `${JSON.stringify({ $schema: schema, version: "2.1.0", runs: [run] }, null, 2)}\n`;
}

const levelOf = (severity: Entry["severity"]): string => (severity === "mandatory" ? "error" : "warning");

function describe(rule: Rule) {
  return {
    id: rule.id,
    shortDescription: { text: rule.title },
    fullDescription: { text: rule.reason },
    help: { text: rule.remediation },
    defaultConfiguration: { level: levelOf(rule.severity) },
    properties: { tags: [rule.category, ...rule.articles.map((article) => `GDPR ${article}`)] },
  };
}

function location(file: string | undefined, line: number | undefined) {
  const path = (file ?? "-").split("/").map(encodeURIComponent).join("/");
  const uri = path.startsWith("/") ? `file://${path}` : path;
  return {
    physicalLocation: { artifactLocation: { uri }, ...(line !== undefined && { region: { startLine: line } }) },
  };
}
