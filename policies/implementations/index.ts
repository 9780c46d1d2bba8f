import type { Document } from "../engine/document";
import type { Gate } from "../engine/rule";
import type { WorldFinding } from "../engine/verdict";
import { administrationDeclared } from "./administration";
import { defaultDenyEgress } from "./default-deny-egress";
import { destinationRegistered } from "./destination-registered";
import { disruptionBudget } from "./disruption-budget";
import { podsInRegion } from "./region";
import { requestsFitNodes } from "./requests-fit-nodes";
import { namespaceLimitRange, namespaceQuota } from "./tenant-namespace";

/** All that a rule in TypeScript may look at. It never reads a file or the clock. */
export interface World {
  /** Every object at hand, `List`s taken apart, as plain data; `Unknown` where a value is not known. */
  documents: readonly Document[];
  /** The rule's parameters. */
  params: Record<string, unknown>;
  /** The parsed stack, or the part of it that is known. */
  stack: Record<string, unknown>;
  gate: Gate;
  /** `YYYY-MM-DD` */
  today: string;
  systemNamespaces: readonly string[];
}

export type Implementation = (world: World) => WorldFinding[];

/** By the name that rule files use. One file each; add a line here. */
export const IMPLEMENTATIONS: Readonly<Record<string, Implementation>> = {
  "administration-declared": administrationDeclared,
  "default-deny-egress": defaultDenyEgress,
  "destination-registered": destinationRegistered,
  "disruption-budget": disruptionBudget,
  "namespace-limit-range": namespaceLimitRange,
  "namespace-quota": namespaceQuota,
  "pods-in-region": podsInRegion,
  "requests-fit-nodes": requestsFitNodes,
};
