import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { artifactDir, artifactReady } from "../../artifacts/store";
import { repositoryPath } from "../../lib/places";
import { kvm } from "../pace";
import { alertmanagerSettings, prometheusSettings } from "./settings";

const skip = artifactReady("prometheus") ? false : "the store has no Prometheus: no environment here was measured yet";

test("Prometheus' own reader takes its settings, and each rule fires on whom it should", { skip }, (t) => {
  const directory = mkdtempSync(join(tmpdir(), "rules-"));
  t.after(() => rmSync(directory, { recursive: true }));
  for (const [file, text] of Object.entries({
    ...prometheusSettings(kvm, 10),
    ...alertmanagerSettings(undefined, false),
  }))
    writeFileSync(join(directory, file), text.replaceAll("/etc/prometheus/", ""));
  copyFileSync(repositoryPath("components", "monitoring", "rules.test.yaml"), join(directory, "cases.yaml"));
  const promtool = (...args: string[]) =>
    execFileSync(join(artifactDir("prometheus"), "bin", "promtool"), args, { cwd: directory, encoding: "utf8" });
  assert.match(promtool("check", "config", "--syntax-only", "prometheus.yaml"), /SUCCESS/);
  assert.match(promtool("test", "rules", "cases.yaml"), /SUCCESS/);
});
