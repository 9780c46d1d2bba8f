import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { type Standing, standing } from "../../stacks/countries";
import { fromStackFile, parseStack } from "../../stacks/load";
import { Engine } from "../engine/engine";
import { loadRules } from "../engine/load";

const ROOT = join(__dirname, "..", "..");
const TODAY = "2026-11-23";
const RULES = loadRules().filter((rule) => rule.category === "gdpr-data-locality");

/** Articles that a rule of where data is can help with. */
const ARTICLES = new Set(["5", "17", "25", "28", "30", "32", "44", "45", "46"]);

/** Every code of two letters, of which `standing` calls some by this name. */
function countries(wanted: readonly Standing[]): string[] {
  const letters = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];
  return letters.flatMap((a) => letters.map((b) => a + b)).filter((code) => wanted.includes(standing(code)));
}

function stackOf(name: string): Record<string, unknown> {
  const text = readFileSync(join(ROOT, `Pulumi.${name}.yaml`), "utf8");
  return { ...parseStack(fromStackFile(text), name) };
}

function evaluate(stack: Record<string, unknown>, today = TODAY) {
  const rules = RULES.filter((rule) => rule.match.subject === "stack");
  return new Engine({ rules, gate: "check", stack, today }).evaluate([]);
}

const sorted = (list: unknown): string[] => [...(list as string[])].sort();

const violated = (stack: Record<string, unknown>, today?: string) =>
  evaluate(stack, today).violations.map(({ rule, path }) => `${rule} ${path}`);

describe("every data-locality rule", () => {
  for (const rule of RULES) {
    it(`${rule.id} keeps the lists of countries that stacks/countries.ts has`, () => {
      const { eea, adequate } = rule.params;
      if (eea) assert.deepEqual(sorted(eea.default), countries(["NO", "EEA"]));
      if (adequate) assert.deepEqual(sorted(adequate.default), countries(["adequacy"]));
    });

    it(`${rule.id} names articles that it can help with, and promises nothing`, () => {
      for (const article of rule.articles) assert.ok(ARTICLES.has(/^\d+/.exec(article)?.[0] ?? ""), article);
      assert.doesNotMatch(JSON.stringify(rule), /complian/i);
    });
  }
});

describe("the shipped stacks", () => {
  for (const name of ["local", "prod"]) {
    it(`${name} violates no data-locality rule`, () => assert.deepEqual(violated(stackOf(name)), []));

    it(`${name} owes only what the program that runs Pulumi has to say`, () => {
      assert.deepEqual(
        evaluate(stackOf(name)).obligations.map(({ rule, waitsFor }) => `${rule}: ${waitsFor.join(", ")}`),
        ["state-backend-in-profile: params.backend, params.secretsProvider"],
      );
    });
  }

  it("prod fails once its registers have run out", () => {
    const faults = violated(stackOf("prod"), "2028-01-01");
    assert.deepEqual(faults, [
      "administration-declared administration[0].expires",
      "destination-registered destinations[0].expires",
      "destination-registered destinations[1].expires",
    ]);
  });

  it("prod fails without encrypted disks, administrators and a register", () => {
    const stack = stackOf("prod");
    const hypervisors = (stack.hypervisors as object[]).map((one) => ({ ...one, diskEncryption: undefined }));
    const faults = violated({ ...stack, hypervisors, administration: [], destinations: [] });
    assert.deepEqual(sorted([...new Set(faults.map((fault) => fault.split(" ")[0]))]), [
      "administration-declared",
      "destination-registered",
      "disks-encrypted",
      "node-services-in-profile",
    ]);
  });

  it("a run without a day is refused, for no entry would ever end", () => {
    assert.throws(() => violated(stackOf("prod"), ""), /today is ""; allowed is a day/);
  });
});
