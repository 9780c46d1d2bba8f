import { z } from "zod";
import { SECRET_KEYS, stackSchema } from "./schema";

/** Beside this file, and named in the first line of every `Pulumi.<stack>.yaml`. */
export const SCHEMA_FILE = "stacks/stack.schema.json";

/** The JSON Schema of a whole `Pulumi.<stack>.yaml`, by which editors complete and check it while it is written. */
export function stackFileSchema(): object {
  // Draft 7, since not every editor knows a later one; `input`, since keys with a default may be left out.
  const { $schema, ...own } = z.toJSONSchema(stackSchema, { target: "draft-7", io: "input" });
  const { properties = {}, required = [] } = own;
  const secrets = SECRET_KEYS.map((key): [string, object] => [key, secret(key)]);
  return {
    $schema,
    title: "A grunnmur stack",
    type: "object",
    required: ["config"],
    properties: {
      config: {
        type: "object",
        description: "Keys of other namespaces, such as those of a provider, are left alone.",
        properties: Object.fromEntries(
          [...Object.entries(properties), ...secrets].map(([k, v]) => [`grunnmur:${k}`, v]),
        ),
        required: required.map((key) => `grunnmur:${key}`),
        patternProperties: { "^(?!grunnmur:)": {} },
        additionalProperties: false,
      },
    },
  };
}

/** Pulumi writes a secret as a section with its cipher text: plain text is refused. */
function secret(key: string): object {
  return {
    type: "object",
    description: `Secret; set it with: pulumi config set --secret ${key}`,
    properties: { secure: { type: "string" } },
    required: ["secure"],
    additionalProperties: false,
  };
}

export function stackFileSchemaText(): string {
  return `${JSON.stringify(stackFileSchema(), null, 2)}\n`;
}
