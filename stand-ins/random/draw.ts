import { randomInt } from "node:crypto";

/** Which characters a string is drawn from. Each `min…` is at least how many of that class it holds. */
export interface Rules {
  length: number;
  lower: boolean;
  upper: boolean;
  numeric: boolean;
  special: boolean;
  minLower: number;
  minUpper: number;
  minNumeric: number;
  minSpecial: number;
  /** Special characters to draw from in place of the default ones; empty for the default. */
  overrideSpecial: string;
}

const lower = "abcdefghijklmnopqrstuvwxyz";
const numeric = "0123456789";
// The default of the official provider.
const special = "!@#$%&*()-_=+[]{}<>:?";

interface Class {
  characters: string;
  allowed: boolean;
  minimum: number;
}

/** What is wrong with the rules, or undefined. */
export function rulesProblem(rules: Rules): { property: string; reason: string } | undefined {
  if (!Number.isInteger(rules.length) || rules.length < 1) {
    return { property: "length", reason: `"length" is ${rules.length}; it must be a whole number of at least 1` };
  }
  const minimum = classes(rules).reduce((sum, one) => sum + one.minimum, 0);
  if (minimum > rules.length) {
    return {
      property: "length",
      reason: `"length" is ${rules.length}, less than the ${minimum} characters that minLower, minUpper, minNumeric and minSpecial ask for together`,
    };
  }
  if (minimum < rules.length && !classes(rules).some((one) => one.allowed)) {
    return { property: "length", reason: "no characters are left: lower, upper, numeric and special are all false" };
  }
  return undefined;
}

/** A string that obeys the rules, from the system's cryptographic random source. */
export function draw(rules: Rules): string {
  const pool = classes(rules)
    .filter((one) => one.allowed)
    .map((one) => one.characters)
    .join("");
  const drawn = classes(rules).flatMap((one) => Array.from({ length: one.minimum }, () => pick(one.characters)));
  while (drawn.length < rules.length) drawn.push(pick(pool));
  return shuffled(drawn).join("");
}

function classes(rules: Rules): Class[] {
  return [
    { characters: lower, allowed: rules.lower, minimum: rules.minLower },
    { characters: lower.toUpperCase(), allowed: rules.upper, minimum: rules.minUpper },
    { characters: numeric, allowed: rules.numeric, minimum: rules.minNumeric },
    { characters: rules.overrideSpecial || special, allowed: rules.special, minimum: rules.minSpecial },
  ];
}

function pick(characters: string): string {
  return characters.charAt(randomInt(characters.length));
}

/** Fisher-Yates: without it the minimum characters would always stand first. */
function shuffled(items: string[]): string[] {
  const result = [...items];
  for (let last = result.length - 1; last > 0; last--) {
    const other = randomInt(last + 1);
    [result[last], result[other]] = [result[other] as string, result[last] as string];
  }
  return result;
}
