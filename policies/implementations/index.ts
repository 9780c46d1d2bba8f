import { administrationDeclared } from "./administration";
import { defaultDenyEgress } from "./default-deny-egress";
import { destinationRegistered } from "./destination-registered";
import { disruptionBudget } from "./disruption-budget";
import { podsInRegion } from "./region";
import { requestsFitNodes } from "./requests-fit-nodes";
import { secretValues } from "./secret-values";
import { namespaceLimitRange, namespaceQuota } from "./tenant-namespace";
import type { Implementation } from "./world";

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
  "secret-values": secretValues,
};
