import { isObject, type Properties, reveal, Secret, type Value } from "./value";

const mask = "[secret]";
// Shorter lines and fields of a longer secret (`{`, `set -eu`, `true`) would blot out ordinary output.
const shortestLine = 8;
const shortestField = 12;

/** Takes secrets out of text that others will see. */
export class Redactor {
  private readonly secrets = new Set<string>();

  /** `alwaysSecret` names the inputs that are hidden even when nobody marked them so. */
  constructor(inputs: Properties, alwaysSecret: string[]) {
    for (const [name, value] of Object.entries(inputs)) this.collect(value, alwaysSecret.includes(name));
  }

  redact(text: string): string {
    // The longest first: a secret may hold another.
    const longestFirst = [...this.secrets].sort((a, b) => b.length - a.length);
    return longestFirst.reduce((rest, secret) => rest.replaceAll(secret, mask), text);
  }

  private collect(value: Value, secret: boolean): void {
    if (value instanceof Secret) this.collect(value.value, true);
    else if (Array.isArray(value)) for (const item of value) this.collect(item, secret);
    else if (isObject(value)) for (const item of Object.values(value)) this.collect(item, secret);
    else if (secret && typeof value === "string") this.add(value);
  }

  private add(value: string): void {
    const whole = value.trim();
    if (whole === "") return;
    this.secrets.add(whole);
    for (const line of whole.split("\n").map((one) => one.trim())) {
      if (line.length >= shortestLine) this.secrets.add(line);
    }
    for (const field of jsonStrings(whole)) {
      if (field.length >= shortestField) this.secrets.add(field);
    }
  }
}

/** The strings in a JSON text, or nothing when it is none: scripts often take secrets as JSON on standard input. */
function jsonStrings(text: string): string[] {
  if (!/^[[{]/.test(text)) return [];
  try {
    return strings(reveal(JSON.parse(text) as Value));
  } catch {
    return [];
  }
}

function strings(value: Value): string[] {
  if (typeof value === "string") return [value.trim()];
  if (Array.isArray(value)) return value.flatMap(strings);
  return isObject(value) ? Object.values(value).flatMap(strings) : [];
}
