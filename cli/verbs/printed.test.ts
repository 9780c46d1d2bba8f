import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { repositoryPath } from "../../lib/places";
import { program } from "../program";
import { nothing } from "../status/report";
import { PRINTED_SCHEMA, printedSchemaText } from "./printed-schema";
import { printed } from "./support/printed";

const written = JSON.parse(readFileSync(PRINTED_SCHEMA, "utf8"));

test("the schema in the docs is that of the types: cli/verbs/write-printed-schema.ts writes it", () => {
  assert.deepEqual(written, JSON.parse(printedSchemaText()));
});

test("whatever verb has --json has a schema, and says so in the docs", () => {
  const withJson = program().commands.filter(({ commands, options }) =>
    [{ options }, ...commands].some((one) => one.options.some(({ long }) => long === "--json")),
  );
  assert.deepEqual(withJson.map((one) => one.name()).sort(), Object.keys(written.properties).sort());
  const cli = readFileSync(repositoryPath("docs", "cli.md"), "utf8");
  for (const verb of Object.keys(written.properties))
    assert.ok(cli.includes(`\n| \`${verb}\` | \`#/properties/`), verb);
});

test("what is printed is held to it", () => {
  const report = nothing("prod");
  assert.deepEqual(printed("status", JSON.stringify(report)), report);
  assert.throws(() => printed("status", JSON.stringify({ ...report, nodes: null })), /nodes/);
  assert.throws(() => printed("review", JSON.stringify([{ number: 1 }])), /comment/);
});
