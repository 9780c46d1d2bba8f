import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import Ajv from "ajv";
import type { Printed } from "../printed";
import { PRINTED_SCHEMA } from "../printed-schema";

/** Holds what a verb printed with `--json` to the schema in the docs. @returns what it says */
export function printed<V extends keyof Printed>(verb: V, text: string): Printed[V] {
  // That of a union, such as a text or null, is written as a list of types.
  const ajv = new Ajv({ allowUnionTypes: true });
  const key = "printed";
  ajv.addSchema(JSON.parse(readFileSync(PRINTED_SCHEMA, "utf8")), key);
  const said: unknown = JSON.parse(text);
  const valid = ajv.getSchema(`${key}#/properties/${verb}`) ?? assert.fail(`no schema of ${verb}`);
  assert.ok(valid(said), JSON.stringify(valid.errors, null, 2));
  return said as Printed[V];
}
