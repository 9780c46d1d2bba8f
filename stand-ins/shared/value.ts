import * as rpc from "@pulumi/pulumi/runtime/rpc";

/** A value that a preview does not know yet: it comes from a resource that does not exist. */
export const unknown: unique symbol = Symbol("unknown");

/** A value that must never be shown, and is encrypted in the state. */
export class Secret {
  constructor(readonly value: Value) {}
}

export type Value = null | boolean | number | string | typeof unknown | Secret | Value[] | Properties;
export interface Properties {
  [key: string]: Value;
}

/** JSON as it stands in a protobuf Struct. */
export type Wire = null | boolean | number | string | Wire[] | { [key: string]: Wire };

// The engine has one mark for each type of unknown (pulumi/pulumi `resource/plugin/rpc.go`); the
// Node SDK, which knows no types, uses the one for strings for all.
const unknownMarks = new Set([
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  rpc.unknownValue,
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "030794c1-ac77-496b-92df-f27374a8bd58",
  "e48ece36-62e2-4504-bad9-02848725956a",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);

/** Reads a value off the wire. Assets and resource references stay as the engine wrote them. */
export function decode(wire: Wire): Value {
  if (typeof wire === "string") return unknownMarks.has(wire) ? unknown : wire;
  if (Array.isArray(wire)) return wire.map(decode);
  if (wire === null || typeof wire !== "object") return wire;
  if (wire[rpc.specialSigKey] === rpc.specialSecretSig) return new Secret(decode(wire.value ?? null));
  return decodeObject(wire);
}

export function decodeObject(wire: { [key: string]: Wire }): Properties {
  return Object.fromEntries(Object.entries(wire).map(([key, value]) => [key, decode(value)]));
}

export function encode(value: Value): Wire {
  if (value === unknown) return rpc.unknownValue;
  if (value instanceof Secret) {
    return { [rpc.specialSigKey]: rpc.specialSecretSig, value: encode(value.value) };
  }
  if (Array.isArray(value)) return value.map(encode);
  if (value === null || typeof value !== "object") return value;
  return encodeObject(value);
}

export function encodeObject(properties: Properties): { [key: string]: Wire } {
  return Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, encode(value)]));
}

/** The value without its secret marks, at any depth. */
export function reveal(value: Value): Value {
  if (value instanceof Secret) return reveal(value.value);
  if (Array.isArray(value)) return value.map(reveal);
  if (value === null || typeof value !== "object") return value;
  return revealObject(value);
}

export function revealObject(properties: Properties): Properties {
  return Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, reveal(value)]));
}

export function containsUnknown(value: Value): boolean {
  if (value === unknown) return true;
  if (value instanceof Secret) return containsUnknown(value.value);
  if (Array.isArray(value)) return value.some(containsUnknown);
  return value !== null && typeof value === "object" && Object.values(value).some(containsUnknown);
}

/** Equality that is blind to secret marks. An unknown value equals nothing, not even another one. */
export function equal(left: Value, right: Value): boolean {
  const a = left instanceof Secret ? reveal(left) : left;
  const b = right instanceof Secret ? reveal(right) : right;
  if (a === unknown || b === unknown) return false;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => equal(item, b[index] ?? null));
  }
  if (isObject(a) && isObject(b)) {
    const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
    return [...keys].every((key) => key in a && key in b && equal(a[key] ?? null, b[key] ?? null));
  }
  return a === b;
}

export function isObject(value: Value | undefined): value is Properties {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && !((value as unknown) instanceof Secret)
  );
}
