import { Unknown } from "../cel/unknown";
import { get } from "./read";
import type { Replicas } from "./replicas";

/**
 * Whether a PodDisruptionBudget (its `spec`) leaves at least one pod; `undefined` where that is not known yet. As the
 * disruption controller counts: percentages are rounded up, and a budget that says nothing allows everything.
 * @param least how many replicas are asked for anyway: that there are fewer is said by itself
 */
export function holdsSome(spec: unknown, replicas: Replicas, least: number): boolean | undefined {
  const [most, fewest] = [get(spec, "maxUnavailable"), get(spec, "minAvailable")];
  if (most instanceof Unknown || fewest instanceof Unknown) return undefined;
  const count = Math.max(replicas.atLeast, least);
  if (most === undefined) return fewest !== undefined && amountOf(fewest, count) >= 1;
  if (amountOf(most, count) < count) return true;
  // What takes all of a few pods may not take all of more.
  return replicas.exact || isWhole(most) ? false : undefined;
}

/** What the budget says, for a message. */
export function saidBy(spec: unknown): string {
  const said = ["maxUnavailable", "minAvailable"].filter((key) => get(spec, key) !== undefined);
  if (said.length === 0) return "it has neither maxUnavailable nor minAvailable";
  return said.map((key) => `${key} is ${String(get(spec, key))}`).join(" and ");
}

const PERCENT = /^(\d+)%$/;

/** @returns NaN for what the API server would refuse */
function amountOf(value: unknown, count: number): number {
  if (typeof value === "number") return value;
  const [, percent = "NaN"] = PERCENT.exec(String(value)) ?? [];
  return Math.ceil((Number(percent) * count) / 100);
}

const isWhole = (value: unknown): boolean => Number(PERCENT.exec(String(value))?.[1]) >= 100;
