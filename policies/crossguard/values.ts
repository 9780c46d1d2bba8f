import { joinPath, Unknown } from "../cel/unknown";

/** How Pulumi writes what is not plain data, between its programs and in `preview --json`. */
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
/** Instead of a secret, where Pulumi prints. */
const HIDDEN = "[secret]";

/** In place of a value that is not known yet: one for each type of value. */
export const UNKNOWN_VALUES: ReadonlySet<unknown> = new Set([
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "030794c1-ac77-496b-92df-f27374a8bd58",
  "e48ece36-62e2-4504-bad9-02848725956a",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);

export interface SecretValue {
  /** Where it stands, as findings write it: `spec.containers[0].image`. */
  path: string;
  text: string;
}

/** Plain data, with `Unknown` for what is not known, hidden or no data at all. @param secrets takes every secret */
export function readValues(value: unknown, secrets: SecretValue[] = [], path = "", secret = false): unknown {
  if (UNKNOWN_VALUES.has(value) || value === HIDDEN) return new Unknown();
  if (typeof value === "string" || typeof value === "number") {
    if (secret) secrets.push({ path, text: String(value) });
    return value;
  }
  if (Array.isArray(value)) return value.map((item, index) => readValues(item, secrets, `${path}[${index}]`, secret));
  if (value === null || typeof value !== "object") return value;
  const fields = value as Record<string, unknown>;
  if (fields[SIGNATURE] === SECRET && "value" in fields) return readValues(fields.value, secrets, path, true);
  // An encrypted secret, an asset, an archive, or a reference to an output: nothing that a rule reads.
  if (SIGNATURE in fields) return new Unknown();
  const read = ([key, item]: [string, unknown]) => [key, readValues(item, secrets, joinPath(path, key), secret)];
  return Object.fromEntries(Object.entries(fields).map(read));
}

/** Shorter texts stand in other words, and are not secrets worth the name. */
const SHORTEST_SECRET = 4;

/** The text without the secrets in it. */
export function withoutSecrets(text: string, secrets: readonly SecretValue[]): string {
  return secrets
    .map((secret) => secret.text)
    .filter((secret) => secret.length >= SHORTEST_SECRET)
    .sort((a, b) => b.length - a.length)
    .reduce((shown, secret) => shown.replaceAll(secret, "[secret]"), text);
}

/** Whether what stands at a path is a secret, lies in one or holds one. A part of it could then be in a message. */
export function isSecretAt(path: string, secrets: readonly SecretValue[]): boolean {
  const within = (inner: string, outer: string): boolean =>
    inner === outer || (outer !== "" && inner.startsWith(outer) && /^[.[]/.test(inner.slice(outer.length)));
  return secrets.some((secret) => within(path, secret.path) || within(secret.path, path));
}
