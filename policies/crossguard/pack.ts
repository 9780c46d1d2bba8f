import "./small-sdk";

import { PolicyPack } from "@pulumi/policy";
import { loadRules } from "../engine/load";
import type { Category } from "../engine/rule";
import { Obligations } from "./obligations";
import { policyOf, type RulePolicy } from "./policy";
import { readPropertiesOnce } from "./properties";
import { Run } from "./run";

/** A pack is a process, so that what few rules hold at a preview has none of its own. */
type Pack = Exclude<Category, "tenant-isolation">;

const ABOUT: Record<Pack, { displayName: string; description: string; categories: readonly Category[] }> = {
  "gdpr-data-locality": {
    categories: ["gdpr-data-locality"],
    displayName: "Where data may be",
    description:
      "Rules that help with the GDPR's articles on where personal data is, who can reach it and for how long it stays. They cannot tell whether anybody acts lawfully.",
  },
  "resource-limits": {
    categories: ["resource-limits", "tenant-isolation"],
    displayName: "Resource limits",
    description:
      "Rules that keep a pod from taking its node down or over, and guests from taking their hypervisor down.",
  },
};

/** The policies of one pack. */
export function policiesOf(pack: Pack, today: string): RulePolicy[] {
  const run = new Run(today);
  const obligations = new Obligations(pack);
  return loadRules()
    .filter((rule) => ABOUT[pack].categories.includes(rule.category) && rule.gates.includes("crossguard"))
    .map((rule) => policyOf(rule, run, obligations));
}

/** Serves a pack to the engine: the whole of a policy pack's program. */
export function startPack(pack: Pack): PolicyPack {
  readPropertiesOnce();
  const today = new Date().toISOString().slice(0, 10);
  const { categories, ...about } = ABOUT[pack];
  return new PolicyPack(pack, {
    ...about,
    policies: policiesOf(pack, today),
    enforcementLevel: "mandatory",
    tags: [...categories],
  });
}
