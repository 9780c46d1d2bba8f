import { writeFileSync } from "node:fs";
import { SCHEMA_FILE, stackFileSchemaText } from "./json-schema";

// Run in the repository's root after a change of the schema: node --import tsx stacks/write-json-schema.ts && npm run format
writeFileSync(SCHEMA_FILE, stackFileSchemaText());
