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
import { type Mutant, mutantsOf } from "./support/mutate";
import { judgeAll, type Outcome, summary, type Trial } from "./support/trial";
import { failing, ours, policiesOf, type Variant } from "./support/variant";

const SEED = 20261123;
const GENERATED = 160;
const MUTANTS_A_RULE = 4;
const TRIALS_A_MUTANT = 8;
const TOGETHER = 400;

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

  it("they agree on examples by all rules together", async (t) => {
    const plain = examples.filter(({ namespaces }) => namespaces.length === 0).flatMap((example) => example.trials);
    const once = new Map(plain.map((trial) => [JSON.stringify(trial.object), { ...trial, variant: everything }]));
    agree(await judgeAll(server.client, spread([...once.values()], TOGETHER)), t);
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
      mutantsOf(rule, MUTANTS_A_RULE).flatMap((mutant, n) => asVariant(mutant, rule, `mutant-${at}-${n}`) ?? []),
    );
    const refused = await cluster.install(mutants.flatMap(({ variant }) => policiesOf(variant)));
    for (const [name, why] of refused) t.diagnostic(`no policy: ${name}: ${why.replace(/^.*?Invalid value/s, "")}`);
    const living = mutants.filter(({ variant }) => !refused.has(`${variant.label}.${variant.rules[0]?.id}`));
    const outcomes = await judgeAll(
      server.client,
      living.flatMap((mutant) => mutant.trials),
    );
    const noticed = new Set(outcomes.filter(changesTheVerdict).map(({ variant }) => variant.label));
    t.diagnostic(
      `${living.length} mutants; ${noticed.size} of them give another verdict on some example, in both gates`,
    );
    agree(outcomes, t);
    assert.ok(noticed.size > living.length / 3, "the examples hardly tell a changed rule from the rule");
  });

  it("would be seen to differ, were a policy not its rule", async () => {
    const rule = rules.find(({ id }) => id === "memory-limit");
    const changed = rule && mutantsOf(rule, 1)[0];
    assert.ok(rule && changed);
    const variant: Variant = { label: "swapped", rules: [changed.rule] };
    const judgedBy: Variant = { ...variant, rules: [rule] };
    await cluster.install(policiesOf(variant));
    const outcomes = await judgeAll(
      server.client,
      trials.filter((trial) => trial.variant.rules[0] === rule).map((trial) => ({ ...trial, variant: judgedBy })),
    );
    const faults = examine(outcomes, () => {});
    assert.ok(faults.length > 0, changed.change);
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

interface Changed {
  variant: Variant;
  trials: (Trial & { original: Variant })[];
}

/** A changed rule, with the settings of its first bad example and some of the examples that share them. */
function asVariant({ rule, change }: Mutant, unchanged: Rule, label: string): Changed | undefined {
  const own = examples.filter((example) => example.rule.id === rule.id && example.namespaces.length === 0);
  const settings = (own.find(({ verdict }) => verdict === "bad") ?? own[0])?.trials[0]?.variant;
  if (settings === undefined) return undefined;
  const variant: Variant = { ...settings, label, rules: [rule] };
  const original: Variant = { ...variant, rules: [unchanged] };
  const sharing = own.flatMap((example) => example.trials).filter((trial) => trial.variant === settings);
  const trials = spread(sharing, TRIALS_A_MUTANT).map((trial) => {
    return { ...trial, variant, original, what: `${trial.what}, ${change}`, changed: true };
  });
  return { variant, trials };
}

function changesTheVerdict(outcome: Outcome): boolean {
  if (!("verdict" in outcome)) return false;
  const { original, object, around } = outcome as Outcome & { original: Variant };
  return failing(ours(original, object, around)) !== failing(outcome.verdict);
}

/** At most so many of them, from all over the list. */
function spread<T>(items: readonly T[], count: number): T[] {
  const step = Math.max(1, items.length / count);
  return items.filter((_item, index) => Math.floor(index / step) !== Math.floor((index - 1) / step));
}
