import type { Owed } from "../../policies/crossguard/obligations";
import { consequences } from "../../stacks/changes";
import { type SettingChange, settingChanges } from "../../stacks/settings";
import type { Stack } from "../../stacks/stack";
import type { EngineEvent } from "../pulumi/events";
import { Failures } from "../pulumi/failures";
import { nameOf } from "../pulumi/stage-times";
import { type Ending, endings } from "./endings";
import { type TouchedNode, touchedNodes } from "./nodes";
import { type RegisterChange, registerChanges } from "./register";
import { type Step, stepsOf } from "./steps";

/** What a policy pack says of one resource. */
export interface PolicyResult {
  pack: string;
  rule: string;
  level: "mandatory" | "advisory";
  resource: string;
  message: string;
}

/** What somebody who reviews a change has to know of it. The JSON form of a report; `version` counts its shapes. */
export interface Review {
  version: 1;
  stack: string;
  /** `YYYY-MM-DD` */
  date: string;
  /**
   * `refused`: it cannot be merged and brought about as it is. `failed`: the preview did not come to its end, for a reason that is
   * not the change's. `asks`: it deletes data, and somebody has to agree by name. The rest go ahead.
   */
  verdict: "refused" | "failed" | "asks" | "replaces" | "changes" | "nothing";
  /** Whether the preview came to its end: otherwise it has not seen all steps, nor the policies all resources. */
  whole: boolean;
  /** Why it is refused, or what failed: one text each. */
  reasons: string[];
  /** What the preview did not look at, or looked at otherwise than a reader would think. */
  notes: string[];
  /** Names for `--accept-loss`. */
  asks: string[];
  nodes: TouchedNode[];
  /** What is deleted besides machines, in words. */
  losses: string[];
  settings: SettingChange[];
  steps: Step[];
  policies: PolicyResult[];
  /** Packs that looked at it. */
  packs: string[];
  /** What no policy could decide. */
  open: Pick<Owed, "rule" | "resource" | "message" | "waitsFor">[];
  endings: Ending[];
  register: RegisterChange[];
}

export interface Facts {
  stack: string;
  /** `YYYY-MM-DD` */
  date: string;
  /** The stack file as it shall be; undefined where it is no valid one. */
  wanted: Stack | undefined;
  /** What is wrong with it, where it is none. */
  mistakes?: string;
  /** What is deployed; undefined before the first `up`. */
  deployed: Stack | undefined;
  /** PEM of authorities in the state, by name. */
  certificates: Readonly<Record<string, string>>;
  events: readonly EngineEvent[];
  open: readonly Owed[];
  /** Whether Pulumi's preview ended well. */
  ok: boolean;
}

export function review(facts: Facts): Review {
  const { wanted, deployed, events, stack, date } = facts;
  const found = wanted && deployed ? consequences(deployed, wanted) : { refusals: [], losses: [] };
  const policies = policyResults(events);
  const broken = policies.filter(({ level }) => level === "mandatory");
  const failures = new Failures();
  for (const event of events) failures.event(event);
  const steps = stepsOf(events);
  const nodes = wanted && deployed ? touchedNodes(deployed, wanted, steps) : [];
  const refusals = [
    ...(facts.mistakes ? [facts.mistakes] : []),
    ...found.refusals,
    ...broken.map(({ rule, message }) => `${rule}: ${message.split("\n")[0]}`),
  ];
  const failed = failures.refused()
    ? []
    : failures.list.map(({ resource, message }) => (resource ? `${resource}: ${message}` : message));
  const reasons =
    refusals.length > 0 ? refusals : facts.ok ? [] : failed.length > 0 ? failed : ["Pulumi did not say why."];
  // Policies are asked while the program runs, and stop nothing of a preview; whatever else is wrong ends it.
  const whole = facts.ok || (broken.length > 0 && broken.length === refusals.length && failed.length === 0);
  const settings = wanted && deployed ? settingChanges(deployed, wanted) : [];
  return {
    version: 1,
    stack,
    date,
    verdict: verdictOf(refusals, facts.ok, found.losses.length > 0, steps),
    whole,
    reasons,
    notes: wanted && !deployed ? ["Nothing of this stack is deployed yet: all of it is new."] : [],
    asks: found.losses.map(({ name }) => name),
    nodes,
    losses: found.losses.filter(({ name }) => !nodes.some((node) => node.name === name)).map(({ what }) => what),
    // What cannot be brought about does nothing.
    settings: found.refusals.length > 0 ? settings.map(({ effect: _, ...change }) => change) : settings,
    steps,
    policies: policies.filter(({ message }) => !message.startsWith("Not decided yet")),
    packs: packsOf(events),
    open: facts.open.map(({ rule, resource, message, waitsFor }) => ({
      rule,
      resource: nameOf(resource),
      message,
      waitsFor,
    })),
    endings: wanted ? endings(wanted, facts.certificates, date) : [],
    register: wanted ? registerChanges(deployed, wanted) : [],
  };
}

function verdictOf(refusals: string[], ok: boolean, loses: boolean, steps: readonly Step[]): Review["verdict"] {
  if (refusals.length > 0) return "refused";
  if (!ok) return "failed";
  if (loses) return "asks";
  if (steps.some(({ operation }) => operation === "replace" || operation === "delete")) return "replaces";
  return steps.length > 0 ? "changes" : "nothing";
}

function policyResults(events: readonly EngineEvent[]): PolicyResult[] {
  return events.flatMap(({ policyEvent: said }): PolicyResult[] =>
    said
      ? [
          {
            pack: said.policyPackName ?? "",
            rule: said.policyName ?? "",
            level: said.enforcementLevel === "mandatory" ? "mandatory" : "advisory",
            resource: nameOf(said.resourceUrn ?? ""),
            message: (said.message ?? "").replace(/<\{%[^%]*%\}>/g, "").trim(),
          },
        ]
      : [],
  );
}

/** As in `gdpr-data-locality|local|/a/directory`. */
function packsOf(events: readonly EngineEvent[]): string[] {
  const packs = events.flatMap(({ summaryEvent }) => Object.keys(summaryEvent?.PolicyPacks ?? {}));
  return [...new Set(packs.map((name) => name.split("|")[0] ?? name))].sort();
}
