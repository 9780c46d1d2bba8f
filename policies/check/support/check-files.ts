import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after } from "node:test";
import { artifactDir } from "../../../artifacts/store";
import { loadRules } from "../../engine/load";
import { type CheckOptions, check } from "../check";
import { readerAt } from "../reader";
import type { CheckReport } from "../report";

/** For tests: manifests written to a directory of their own, and what the check says of it. */

const TODAY = "2026-11-23";
const directory = mkdtempSync(join(tmpdir(), "check-"));
after(() => rmSync(directory, { recursive: true, force: true }));
const rules = loadRules();
/** The reader itself, from the store. */
export const reader = readerAt(join(artifactDir("manifest-reader"), "bin", "reader"));
const facts = {
  registry: { host: "registry.example.no" },
  locality: { profile: "NO" },
  ingress: { hosts: [{ name: "shop.example.no", namespaces: ["shop"] }] },
};
let count = 0;

/** A file's content, or what it is a symbolic link to. */
type Content = string | Uint8Array | { link: string };

/** Checks a directory with these files in it; paths in the report are then relative to it. */
export function checkFiles(files: Record<string, Content>, more: Partial<CheckOptions> = {}): CheckReport {
  const root = join(directory, String(++count));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    if (typeof content === "object" && "link" in content) symlinkSync(content.link, join(root, name));
    else writeFileSync(join(root, name), content);
  }
  const report = check({ paths: [root], rules, today: TODAY, facts, reader, ...more });
  const short = (file: string): string => file.slice(file.indexOf(`/${count}/`) + `/${count}/`.length);
  for (const entry of [...report.violations, ...report.obligations, ...report.exceptions]) {
    if (entry.file !== undefined) entry.file = short(entry.file);
  }
  for (const note of [...report.passedOver, ...report.unread]) note.file = short(note.file);
  return report;
}

export const of = (report: CheckReport, rule: string) => report.violations.filter((entry) => entry.rule === rule);

/** Twelve lines; the container begins on the tenth. */
export const deployment = (name: string, more = ""): string => `apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name}, namespace: shop }
spec:
  selector: { matchLabels: { app: a } }
  template:
    metadata: { labels: { app: a } }
    spec:
      containers:
        - name: app
          image: nginx
          ports: []
${more}`;
