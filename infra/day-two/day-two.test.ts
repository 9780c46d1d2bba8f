import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { artifactReady } from "../../artifacts/store";
import { repositoryPath } from "../../lib/places";
import { fromStackFile, parseStack } from "../../stacks/load";
import { effect, isRefused, page, verdict } from "./page";
import { plan } from "./plan";
import { ROWS, type Row, stacksOf } from "./rows";

const skip = !artifactReady("flux-manifests") && "the store has no flux-manifests";
const documented = readFileSync(repositoryPath("docs", "changes.md"), "utf8");
const verdicts = new Map<Row, string>();

for (const row of ROWS) {
  test(`${row.change}: the page says what the program does`, { skip }, async () => {
    const { deployed, wanted } = stacksOf(row);
    const said = verdict(row, isRefused(row) ? [] : await plan(deployed, wanted));
    verdicts.set(row, said);
    const line = documented.split("\n").find((text) => text.startsWith(`| ${row.change} |`));
    assert.equal(line, `| ${row.change} | ${said} | ${effect(row)} |`, "run: npx tsx infra/day-two/write.ts");
  });
}

test("the page is what is generated, from its first line to its last", { skip }, () => {
  assert.equal(documented, page(verdicts));
});

test("another order of nodes changes nothing at all, and no change without a name replaces a seed", { skip }, () => {
  const order = ROWS.find(({ change }) => change === "another order of nodes");
  assert.equal(order && verdicts.get(order), "nothing");
  for (const [row, said] of verdicts) assert.doesNotMatch(said, /-seed|first-day/, row.change);
});

test("the registry's machine is made anew with all that stands on it, over the data disk that was", {
  skip,
}, async () => {
  const text = readFileSync(repositoryPath("Pulumi.local.yaml"), "utf8").replace(
    /diskGiB: 20/,
    "$&\n      dataDiskGiB: 50",
  );
  const stack = parseStack(fromStackFile(text.replace(/ #.*/g, "")), "local");
  const steps = await plan(stack, stack, ["registry-1-disk"]);
  assert.deepEqual(steps.map(({ name, operation }) => `${operation} ${name}`).sort(), [
    "replace demo-image",
    "replace git-first-commit-config",
    "replace git-first-commit-payment-service",
    "replace git-push-notice",
    "replace git-repositories",
    "replace ingress-image",
    "replace registry-1-domain",
    "replace registry-1-preflight",
    "replace registry-service",
    "replace registry-system-images",
  ]);
});
