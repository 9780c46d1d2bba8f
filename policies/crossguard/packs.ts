import type { Category, Rule } from "../engine/rule";

/** A pack is a process, so that what few rules hold at a preview has none of its own. */
export type Pack = Exclude<Category, "tenant-isolation">;

/** What Pulumi shows of each. */
export const ABOUT: Record<Pack, { displayName: string; description: string; categories: readonly Category[] }> = {
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

/** The rules of one pack. */
export const rulesOf = (pack: Pack, rules: readonly Rule[]): Rule[] =>
  rules.filter(({ category, gates }) => ABOUT[pack].categories.includes(category) && gates.includes("crossguard"));
