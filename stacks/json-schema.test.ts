import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { SCHEMA_FILE, stackFileSchema } from "./json-schema";

const ROOT = join(__dirname, "..");

interface JsonSchema {
  properties?: Record<string, JsonSchema>;
  items?: JsonSchema;
  oneOf?: JsonSchema[];
  description?: string;
  additionalProperties?: boolean;
}

test("the schema file is what the schema gives (else run stacks/write-json-schema.ts)", () => {
  assert.deepEqual(
    JSON.parse(readFileSync(join(ROOT, SCHEMA_FILE), "utf8")),
    JSON.parse(JSON.stringify(stackFileSchema())),
  );
});

test("both stack files point their editor to it", () => {
  for (const stack of ["local", "prod"]) {
    const [first] = readFileSync(join(ROOT, `Pulumi.${stack}.yaml`), "utf8").split("\n");
    assert.equal(first, `# yaml-language-server: $schema=./${SCHEMA_FILE}`);
  }
});

test("every key is described, and no section takes unknown keys", () => {
  const config = (stackFileSchema() as JsonSchema).properties?.config;
  assert.ok(config);
  let seen = 0;
  const visit = (path: string, schema: JsonSchema): void => {
    if (schema.properties && path !== "config") assert.equal(schema.additionalProperties, false, path);
    for (const [key, property] of Object.entries(schema.properties ?? {})) {
      seen += 1;
      if (key !== "secure") assert.ok(property.description, `${path}.${key} has no description`);
      visit(`${path}.${key}`, property);
    }
    for (const part of [schema.items, ...(schema.oneOf ?? [])]) if (part) visit(`${path}[]`, part);
  };
  visit("config", config);
  assert.ok(seen > 50, `saw only ${seen} keys`);
});
