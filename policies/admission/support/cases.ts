import { type Case, casesOf } from "../../engine/examples";
import type { Rule } from "../../engine/rule";
import type { Manifest } from "./client";
import type { TestCluster } from "./cluster";
import { judgeAll, type Outcome, type Trial } from "./trial";
import type { Variant } from "./variant";

/** An example of a rule, as the API server is asked about it: one trial an object. */
export interface Example {
  rule: Rule;
  title: string;
  verdict: "good" | "bad";
  trials: Trial[];
  /** Those that other objects of the example are in. */
  namespaces: Manifest[];
}

/** The examples that hold at admission, and the variants of their rules that they ask for. */
export function examplesOf(rules: readonly Rule[]): { examples: Example[]; variants: Variant[] } {
  const variants = new Map<string, Variant>();
  const examples = rules.flatMap((rule) =>
    casesOf(rule).flatMap((example) => {
      if (example.verdict === "undetermined" || !example.gates.includes("admission")) return [];
      const settings = JSON.stringify([rule.id, example.params, example.stack]);
      const variant = variants.get(settings) ?? variantOf(rule, example, `example-${variants.size}`);
      variants.set(settings, variant);
      return [exampleOf(rule, { ...example, verdict: example.verdict }, variant)];
    }),
  );
  return { examples, variants: [...variants.values()] };
}

function variantOf(rule: Rule, { params, stack }: Case, label: string): Variant {
  return { label, rules: [rule], params: { [rule.id]: params }, ...(stack && { stack }) };
}

function exampleOf(
  rule: Rule,
  { title, verdict, documents }: Case & Pick<Example, "verdict">,
  variant: Variant,
): Example {
  const objects = documents.map(({ object }) => object);
  const all = objects.filter(({ apiVersion, kind }) => apiVersion === "v1" && kind === "Namespace");
  const namespaces = objects.length > all.length ? all : [];
  const trials = objects.map((object) => {
    return { what: `${rule.id}: ${title}`, variant, object, around: [plainNamespace(object), ...namespaces] };
  });
  return { rule, title, verdict, namespaces, trials };
}

/** As the API server has it when nobody has said anything of it. */
export function plainNamespace(object: Manifest): Manifest {
  const { namespace: name = "default" } = (object.metadata ?? {}) as { namespace?: string };
  const labels = { "kubernetes.io/metadata.name": name };
  return { apiVersion: "v1", kind: "Namespace", metadata: { name, labels } };
}

/** Those with namespaces of their own come one after the other, since they share the names. */
export async function outcomesOf(
  cluster: TestCluster,
  examples: readonly Example[],
): Promise<{ example: Example; outcomes: Outcome[] }[]> {
  const plain = examples.filter(({ namespaces }) => namespaces.length === 0);
  const judged = await judgeAll(
    cluster.client,
    plain.flatMap(({ trials }) => trials),
  );
  const results = plain.map((example) => ({ example, outcomes: judged.splice(0, example.trials.length) }));
  for (const example of examples.filter(({ namespaces }) => namespaces.length > 0)) {
    for (const namespace of example.namespaces) await cluster.namespace(namespace);
    results.push({ example, outcomes: await judgeAll(cluster.client, example.trials) });
    for (const { metadata } of example.namespaces) {
      await cluster.namespace({ metadata: { name: (metadata as { name: string }).name } });
    }
  }
  return results;
}
