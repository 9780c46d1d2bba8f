import { isQuantity, Quantity } from "../cel/quantity";
import { Unknown } from "../cel/unknown";
import { get, list } from "./read";

/** What the scheduler counts for a pod (KEP-753 for sidecars, KEP-2837 for pod-level resources). */

export const RESOURCES = ["cpu", "memory"] as const;
export type Resource = (typeof RESOURCES)[number];

const ZERO = Quantity.of(0n);
const max = (a: Quantity, b: Quantity): Quantity => (a.compareTo(b) >= 0 ? a : b);

/** The request of a whole pod: a lower bound, and whether something in it is not known. */
export function podRequest(podSpec: unknown, resource: Resource): { atLeast: Quantity; exact: boolean } {
  const parts = { exact: true };
  const amount = (value: unknown): Quantity => {
    if (value instanceof Unknown) parts.exact = false;
    const text = typeof value === "number" ? `${value}` : value;
    return typeof text === "string" && isQuantity(text) ? Quantity.parse(text) : ZERO;
  };
  const requestOf = (holder: unknown): Quantity =>
    amount(get(holder, "resources", "requests", resource) ?? get(holder, "resources", "limits", resource));
  const known = (value: unknown): unknown[] => {
    if (value instanceof Unknown) parts.exact = false;
    return list(value);
  };

  const whole = get(podSpec, "resources", "requests", resource) ?? get(podSpec, "resources", "limits", resource);
  const overhead = amount(get(podSpec, "overhead", resource));
  if (whole !== undefined) return { atLeast: amount(whole).add(overhead), exact: parts.exact };

  // Sidecars run on beside the containers; an init container runs beside the sidecars that were started before it.
  let sidecars = ZERO;
  let largestStep = ZERO;
  for (const init of known(get(podSpec, "initContainers"))) {
    if (get(init, "restartPolicy") === "Always") sidecars = sidecars.add(requestOf(init));
    else largestStep = max(largestStep, sidecars.add(requestOf(init)));
  }
  const running = known(get(podSpec, "containers")).reduce((sum: Quantity, one) => sum.add(requestOf(one)), sidecars);
  return { atLeast: max(running, largestStep).add(overhead), exact: parts.exact };
}
