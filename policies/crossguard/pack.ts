import "./small-sdk";

import { PolicyPack } from "@pulumi/policy";
import { loadRules } from "../engine/load";
import type { Category } from "../engine/rule";
import { Obligations } from "./obligations";
import { policyOf, type RulePolicy } from "./policy";
import { readPropertiesOnce } from "./properties";
import { Run } from "./run";

const ABOUT: Record<Category, { displayName: string; description: string }> = {
  "gdpr-data-locality": {
    displayName: "Where data may be",
    description:
      "Rules that help with the GDPR's articles on where personal data is, who can reach it and for how long it stays. They cannot tell whether anybody acts lawfully.",
  },
  "resource-limits": {
    displayName: "Resource limits",
    description: "Rules that keep a pod from taking its node down, and guests from taking their hypervisor down.",
  },
};

/** The policies of one category. */
export function policiesOf(category: Category, today: string): RulePolicy[] {
  const run = new Run(today);
  const obligations = new Obligations(category);
  return loadRules()
    .filter((rule) => rule.category === category && rule.gates.includes("crossguard"))
    .map((rule) => policyOf(rule, run, obligations));
}

/** Serves a category to the engine: the whole of a policy pack's program. */
export function startPack(category: Category): PolicyPack {
  readPropertiesOnce();
  const today = new Date().toISOString().slice(0, 10);
  return new PolicyPack(category, {
    ...ABOUT[category],
    policies: policiesOf(category, today),
    enforcementLevel: "mandatory",
    tags: [category],
  });
}
