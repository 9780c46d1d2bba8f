import assert from "node:assert/strict";
import { after, before, describe, it, type TestContext } from "node:test";
import { loadRules } from "../engine/load";
import { resolveParams } from "../engine/params";
import type { Rule } from "../engine/rule";
import { type ApiServer, missing, startApiServer } from "./support/api-server";
import { examplesOf, outcomesOf, plainNamespace } from "./support/cases";
import { TestCluster } from "./support/cluster";
import { examine, FACTS } from "./support/explained";
import { generatedObjects } from "./support/generated";
import { mutantsOf } from "./support/mutate";
import { judgeAll, type Outcome, summary, type Trial } from "./support/trial";
import { failing, policiesOf, type Variant } from "./support/variant";

const SEED = 20261123;
const GENERATED = 160;
const MUTANTS_A_RULE = 4;

const rules = loadRules().filter(({ gates }) => gates.includes("admission"));
const { examples, variants } = examplesOf(rules);
const trials = examples.flatMap((example) => example.trials);
const objects = trials.map(({ object }) => object);
const withParameters = (rule: Rule) => resolveParams(rule, {}, FACTS).missing.length === 0;
const everything: Variant = { label: "all", rules: rules.filter(withParameters), stack: FACTS };

describe("the API server and the engine", { skip: missing() ?? false, timeout: 600_000 }, () => {
  let server: ApiServer;
  let cluster: TestCluster;

  before(async () => {
    server = await startApiServer();
    cluster = new TestCluster(server.client);
    await cluster.define(rules, objects);
    for (const object of objects) await server.client.mustCreate(plainNamespace(object));
  });
  after(() => server?.stop());

  it("the API server takes every policy", async (t) => {
    const refused = await cluster.install([everything, ...variants].flatMap(policiesOf));
    assert.deepEqual([...refused], []);
    const left = rules.filter((rule) => !withParameters(rule)).map(({ id }) => id);
    t.diagnostic(
      `${everything.rules.length} rules together; only with their examples' parameters: ${left.join(", ") || "none"}`,
    );
  });

  it("both say of every example what it expects", async (t) => {
    const wrong: string[] = [];
    const judged = await outcomesOf(cluster, examples);
    for (const { example, outcomes } of judged) {
      const { verdict, rule, title } = example;
      const broken = outcomes.some((outcome) => "verdict" in outcome && outcome.verdict.has(rule.id));
      const unasked = outcomes.some(({ kind }) => kind === "refused" || kind === "passed over");
      if (!unasked && broken !== (verdict === "bad"))
        wrong.push(`${rule.id}: ${title}: ${broken ? "refused" : "let in"}`);
    }
    wrong.push(
      ...examine(
        judged.flatMap(({ outcomes }) => outcomes),
        t.diagnostic.bind(t),
      ),
    );
    assert.deepEqual(wrong, []);
  });

  it("they agree on every example by all rules together", async (t) => {
    const plain = examples.filter(({ namespaces }) => namespaces.length === 0).flatMap((example) => example.trials);
    const once = new Map(plain.map((trial) => [JSON.stringify(trial.object), { ...trial, variant: everything }]));
    agree(await judgeAll(server.client, [...once.values()]), t);
  });

  it("they agree on generated objects", async (t) => {
    const generated = generatedObjects(objects, GENERATED, SEED).map((object): Trial => {
      return {
        what: `generated: ${JSON.stringify(object)}`,
        variant: everything,
        object,
        around: [plainNamespace(object)],
      };
    });
    agree(await judgeAll(server.client, generated), t);
  });

  it("they agree on mutants of the rules", async (t) => {
    const mutants = rules.flatMap((rule, at) =>
      mutantsOf(rule, MUTANTS_A_RULE).map((mutant, n) => asVariant(mutant.rule, mutant.change, `mutant-${at}-${n}`)),
    );
    const refused = await cluster.install(mutants.flatMap(({ variant }) => policiesOf(variant)));
    for (const [name, why] of refused) t.diagnostic(`no policy: ${name}: ${why.replace(/^.*?Invalid value/s, "")}`);
    const living = mutants.filter(({ variant }) => !refused.has(`${variant.label}.${variant.rules[0]?.id}`));
    const outcomes = await judgeAll(
      server.client,
      living.flatMap((mutant) => mutant.trials),
    );
    t.diagnostic(`${living.length} mutants`);
    agree(outcomes, t);
  });
});

function agree(outcomes: readonly Outcome[], t: TestContext): void {
  t.diagnostic(summary(outcomes));
  assert.deepEqual(examine(outcomes, t.diagnostic.bind(t)), []);
  assert.ok(
    outcomes.some((outcome) => "verdict" in outcome && failing(outcome.verdict) !== "-"),
    "nothing was judged",
  );
}

/** A changed rule, with the settings of its first bad example and some of the examples that share them. */
function asVariant(rule: Rule, change: string, label: string): { variant: Variant; trials: Trial[] } {
  const own = examples.filter((example) => example.rule.id === rule.id && example.namespaces.length === 0);
  const settings = (own.find(({ verdict }) => verdict === "bad") ?? own[0])?.trials[0]?.variant;
  const variant: Variant = { ...settings, label, rules: [rule] };
  const trials = own
    .flatMap((example) => example.trials)
    .filter((trial, index) => trial.variant === settings && index % 4 === 0)
    .map((trial) => ({ ...trial, variant, what: `${trial.what}, ${change}`, changed: true }));
  return { variant, trials };
}
