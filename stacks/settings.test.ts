import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { repositoryPath } from "../lib/places";
import { fromStackFile, parseStack } from "./load";
import { effectsOf, settingChanges } from "./settings";
import type { Stack } from "./stack";

const TEXT = readFileSync(repositoryPath("Pulumi.prod.yaml"), "utf8");
const parsed = (text: string): Stack => parseStack(fromStackFile(text), "prod");
const edited = (from: string | RegExp, to: string): Stack => {
  assert.notEqual(TEXT.replace(from, to), TEXT, String(from));
  return parsed(TEXT.replace(from, to));
};
const PROD = parsed(TEXT);

test("a setting is named as the stack file has it, with its values, the schema's words and what it does", () => {
  const [change, ...others] = settingChanges(PROD, edited("memoryMiB: 4096", "memoryMiB: 6144"));
  assert.deepEqual(others, []);
  assert.deepEqual(change, {
    setting: "nodes.registry-1.memoryMiB",
    from: 4096,
    to: 6144,
    about: "Memory in MiB.",
    effect: "It is shut down and started with its new size.",
  });
});

test("entries of lists are known by their names: another order is no change, and one that goes takes none with it", () => {
  const [first, second] = [/ {4}- host: gitlab[\s\S]*?(?= {4}- host: ntp)/.exec(TEXT)?.[0] ?? "", ""];
  assert.deepEqual(
    settingChanges(PROD, edited(/( {4}- host: gitlab[\s\S]*?)( {4}- host: ntp[\s\S]*?)(?= {2}grunnmur)/, "$2$1")),
    [],
  );
  const gone = settingChanges(PROD, edited(first, second));
  assert.deepEqual(
    gone.map(({ setting, to }) => [setting, to]),
    [["destinations.gitlab.example.no", undefined]],
  );
});

test("an administrator who stands in the register twice is two entries, and one of them changes alone", () => {
  const [first] = PROD.administration;
  assert.ok(first);
  const twice = (expires: string): Stack => ({
    ...PROD,
    administration: [first, { ...first, country: "SE", expires }],
  });
  assert.deepEqual(
    settingChanges(twice("2027-01-01"), twice("2027-02-01")).map(({ setting }) => setting),
    ["administration.platform team (2).expires"],
  );
  assert.deepEqual(
    settingChanges(PROD, twice("2027-01-01")).map(({ setting }) => setting),
    ["administration.platform team (2)"],
  );
});

test("a name that is looked up is compared by the name; what is derived from it is told once", () => {
  const moved = settingChanges(PROD, edited("site: osl-1", "site: osl-2"));
  assert.deepEqual(
    moved.map(({ setting, from, to }) => [setting, from, to]),
    [["hypervisors.kvm-1.site", "osl-1", "osl-2"]],
  );
});

test("a default that follows from another setting is a change too", () => {
  const changes = settingChanges(PROD, edited("environment: production", "environment: development"));
  assert.deepEqual(changes.map(({ setting }) => setting).sort(), [
    "cluster.driftGuard",
    "environment",
    "metrics.enabled",
    "storage.reclaimPolicy",
  ]);
});

test("a state of an older version lacks what is new, and it is told as new", () => {
  const { metrics: _, ...older } = PROD;
  const changes = settingChanges(older as Stack, PROD);
  assert.deepEqual(
    changes.map(({ setting, from }) => [setting, from]),
    [["metrics", undefined]],
  );
});

test("nothing changes nothing, as JSON has it too", () => {
  assert.deepEqual(settingChanges(JSON.parse(JSON.stringify(PROD)) as Stack, PROD), []);
  assert.deepEqual(effectsOf(PROD, PROD), []);
});
