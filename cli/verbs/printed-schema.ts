import { generateSchema, programFromConfig } from "typescript-json-schema";
import { repositoryPath } from "../../lib/places";

export const PRINTED_SCHEMA = repositoryPath("docs", "json-output.schema.json");

/** JSON Schema (draft 7) of what verbs print with `--json`, by the types that they print. @throws where a type has none */
export function printedSchemaText(): string {
  const program = programFromConfig(repositoryPath("tsconfig.json"), [repositoryPath("cli", "verbs", "printed.ts")]);
  // What the compiler finds is found when all is compiled.
  const schema = generateSchema(program, "Printed", { required: true, ignoreErrors: true });
  if (!schema) throw new Error("cli/verbs/printed.ts has no type Printed");
  return `${JSON.stringify(schema, null, 2)}\n`;
}
