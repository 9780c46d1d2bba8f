import { isObject, type Properties, reveal, unknown, type Value } from "../shared/value";
import { loggings } from "./transcript";

export interface Failure {
  property: string;
  reason: string;
}

/** What is wrong with the inputs that local and remote commands share. Unknown values pass. */
export function checkCommon(news: Properties): Failure[] {
  const failures: Failure[] = [];
  for (const property of ["create", "update", "delete", "stdin"]) {
    failures.push(...expect(news, property, "text", (value) => typeof value === "string"));
  }
  failures.push(...expect(news, "triggers", "a list", Array.isArray));
  failures.push(...expect(news, "addPreviousOutputInEnv", "true or false", (value) => typeof value === "boolean"));
  const words = loggings.map((one) => `"${one}"`).join(", ");
  failures.push(...expect(news, "logging", `one of ${words}`, (value) => loggings.some((one) => one === value)));
  failures.push(...expect(news, "environment", "an object of NAME: text", isEnvironment));
  return failures;
}

/** A failure unless the property is absent, unknown, or passes. */
export function expect(
  news: Properties,
  property: string,
  wanted: string,
  passes: (value: Value) => boolean,
): Failure[] {
  const value = reveal(news[property] ?? null);
  if (value === null || value === unknown || passes(value)) return [];
  // The value itself may be a secret, so only its sort is told.
  return [{ property, reason: `"${property}" must be ${wanted}, not ${sort(value)}` }];
}

function isEnvironment(value: Value): boolean {
  if (!isObject(value)) return false;
  return Object.entries(value).every(
    ([name, entry]) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && (typeof entry === "string" || entry === unknown),
  );
}

function sort(value: Value): string {
  if (Array.isArray(value)) return "a list";
  return value === null ? "nothing" : `${typeof value === "object" ? "an" : "a"} ${typeof value}`;
}
