import { missing, startApiServer } from "../admission/support/api-server";
import { examplesOf, outcomesOf, plainNamespace } from "../admission/support/cases";
import { TestCluster } from "../admission/support/cluster";
import { policiesOf } from "../admission/support/variant";
import type { Rule } from "../engine/rule";
import type { Ask, Word } from "./matrix";

/** Asks a real API server. Where it cannot be started, the answer is "?", and why. */
export async function admission(rules: readonly Rule[]): Promise<{ ask: Ask; notes: string[] }> {
  const why = missing();
  if (why !== undefined) return { ask: () => "?", notes: [`admission was not asked: ${why}`] };
  const notes: string[] = [];
  const words = await wordsOf(rules, notes);
  return { ask: (rule, { title, verdict }) => words.get(`${rule.id} ${verdict} ${title}`) ?? "-", notes };
}

async function wordsOf(rules: readonly Rule[], notes: string[]): Promise<Map<string, Word>> {
  const held = rules.filter(({ gates }) => gates.includes("admission"));
  const { examples, variants } = examplesOf(held);
  const objects = examples.flatMap(({ trials }) => trials.map(({ object }) => object));
  const server = await startApiServer();
  try {
    const cluster = new TestCluster(server.client);
    await cluster.define(held, objects);
    for (const object of objects) await server.client.mustCreate(plainNamespace(object));
    await cluster.install(variants.flatMap(policiesOf));
    const words = new Map<string, Word>();
    for (const { example, outcomes } of await outcomesOf(cluster, examples)) {
      const { rule, title, verdict } = example;
      const broken = outcomes.some((outcome) => "verdict" in outcome && outcome.verdict.has(rule.id));
      const reasons = outcomes.flatMap((outcome) => ("why" in outcome ? [outcome.why] : []));
      if (!broken && verdict === "good") notes.push(...reasons.map((reason) => `${rule.id}: ${title}: ${reason}`));
      words.set(`${rule.id} ${verdict} ${title}`, broken ? "fail" : reasons.length > 0 ? "invalid" : "pass");
    }
    return words;
  } finally {
    await server.stop();
  }
}
