import { writeFileSync } from "node:fs";
import { PRINTED_SCHEMA, printedSchemaText } from "./printed-schema";

// Run in the repository's root after a change of what a verb prints: node --import tsx cli/verbs/write-printed-schema.ts
writeFileSync(PRINTED_SCHEMA, printedSchemaText());
