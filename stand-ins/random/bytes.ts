import { randomBytes as systemRandomBytes } from "node:crypto";
import { type Properties, reveal, unknown } from "../shared/value";
import type { Generator } from "./generated";

/** `RandomBytes`: `length` secret bytes, as base64 and as hex. */
export const randomBytes: Generator = {
  outputs: ["base64", "hex"],
  secrets: ["base64", "hex"],
  check: (inputs) => checkCount(inputs, "length"),
  generate(inputs) {
    const bytes = systemRandomBytes(Number(inputs.length));
    return { id: "none", outputs: { base64: bytes.toString("base64"), hex: bytes.toString("hex") } };
  },
};

/** `RandomId`: `byteLength` bytes in plain sight, in four spellings, each after `prefix`. */
export const randomId: Generator = {
  outputs: ["b64Std", "b64Url", "hex", "dec"],
  secrets: [],
  check: (inputs) => checkCount(inputs, "byteLength"),
  generate(inputs) {
    const bytes = systemRandomBytes(Number(inputs.byteLength));
    const prefix = String(inputs.prefix ?? "");
    const id = bytes.toString("base64url");
    const outputs = {
      b64Std: prefix + bytes.toString("base64"),
      b64Url: prefix + id,
      hex: prefix + bytes.toString("hex"),
      dec: prefix + BigInt(`0x${bytes.toString("hex")}`).toString(),
    };
    return { id, outputs };
  },
};

function checkCount(inputs: Properties, property: string) {
  const count = reveal(inputs[property] ?? null);
  const fine = count === unknown || (Number.isInteger(count) && Number(count) >= 1);
  const reason = `"${property}" is ${String(count)}; it must be a whole number of at least 1`;
  return { inputs, failures: fine ? [] : [{ property, reason }] };
}
