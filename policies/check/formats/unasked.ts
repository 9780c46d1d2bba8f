import type { Rule } from "../../engine/rule";
import type { Obligation } from "../../engine/verdict";

/**
 * Rules that were not asked, because a parameter has no value, are told together: there is one thing to do about all of
 * them, or none. `open` are the verdicts that are about something.
 */
export function parted(
  obligations: readonly Obligation[],
  rules: readonly Rule[],
): { open: Obligation[]; unasked?: string } {
  const isUnasked = ({ kind, waitsFor }: Obligation) => kind === "" && waitsFor.every((name) => name.startsWith(PARAM));
  const unasked = obligations.filter(isUnasked);
  const open = obligations.filter((entry) => !isUnasked(entry));
  if (unasked.length === 0) return { open };
  const byStack = unasked.filter((entry) => fromStack(entry, rules) !== undefined);
  const others = unasked.filter((entry) => fromStack(entry, rules) === undefined);
  const said = [...new Set(byStack.flatMap((entry) => fromStack(entry, rules) ?? []))];
  const parts = [
    ...(byStack.length > 0 ? [`a stack file would say ${said.join(", ")} for ${names(byStack)}`] : []),
    ...(others.length > 0 ? [`only pulumi preview says what ${names(others)} needs`] : []),
  ];
  const count = unasked.length === 1 ? "1 rule was" : `${unasked.length} rules were`;
  return { open, unasked: `${count} not asked: ${parts.join("; ")}` };
}

const PARAM = "params.";

const names = (entries: readonly Obligation[]): string => entries.map(({ rule }) => rule).join(", ");

/** Where in a stack file the values would stand. What only the program that runs Pulumi knows stands in none. */
function fromStack({ rule, waitsFor }: Obligation, rules: readonly Rule[]): string[] | undefined {
  const { params = {} } = rules.find(({ id }) => id === rule) ?? {};
  const places = waitsFor.flatMap((name) => params[name.slice(PARAM.length)]?.fromStack ?? []);
  if (places.length < waitsFor.length || places.some((place) => place.startsWith("state."))) return undefined;
  return places;
}
