import { PolicyPack } from "@pulumi/policy";
import type { Rule } from "../engine/rule";
import { Obligations } from "./obligations";
import { ABOUT, type Pack, rulesOf } from "./packs";
import { policyOf, type RulePolicy } from "./policy";
import { readPropertiesOnce } from "./properties";
import { Run } from "./run";

/** Serves a pack to the engine: the whole of a policy pack's program. @param notes where it writes what it leaves open */
export function startPack(pack: Pack, rules: readonly Rule[], notes: string | undefined): PolicyPack {
  readPropertiesOnce();
  const { categories, ...about } = ABOUT[pack];
  return new PolicyPack(pack, {
    ...about,
    policies: policiesOf(pack, rules, notes),
    enforcementLevel: "mandatory",
    tags: [...categories],
  });
}

function policiesOf(pack: Pack, rules: readonly Rule[], notes: string | undefined): RulePolicy[] {
  const run = new Run(new Date().toISOString().slice(0, 10));
  const obligations = new Obligations(pack, notes);
  return rulesOf(pack, rules).map((rule) => policyOf(rule, run, obligations));
}
