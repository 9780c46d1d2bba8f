import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { describe, StackError } from "./errors";
import { parseStackFile } from "./load";

const LOCAL = readFileSync(join(__dirname, "..", "Pulumi.local.yaml"), "utf8");

function mistakes(text: string, name = "test"): string[] {
  try {
    parseStackFile(text, name);
    return [];
  } catch (error) {
    if (error instanceof StackError) return error.problems.map(describe);
    throw error;
  }
}

/** The shipped local stack with one thing changed, and the line on which that stands. */
function changed(from: string, to: string): { text: string; line: number } {
  assert.ok(LOCAL.includes(from), from);
  return { text: LOCAL.replace(from, to), line: LOCAL.slice(0, LOCAL.indexOf(from)).split("\n").length };
}

test("the shipped stack has no mistake, also with a byte order mark or the line ends of Windows", () => {
  for (const text of [LOCAL, `\ufeff${LOCAL}`, LOCAL.replaceAll("\n", "\r\n")]) assert.deepEqual(mistakes(text), []);
});

test("a wrong value is told with its line", () => {
  const { text, line } = changed("memoryMiB: 3072", "memoryMiB: -1");
  assert.deepEqual(mistakes(text), [
    `line ${line}, nodes[1].memoryMiB: received -1, allowed is a whole number of MiB from 512 to 4194304.`,
  ]);
});

test("a missing key is told with the line of its section", () => {
  const { text, line } = changed("    gateway: 10.20.0.1\n", "");
  assert.match(mistakes(text).join("\n"), new RegExp(`^line ${line - 2}, network\\.gateway: is missing`));
});

test("keys without the namespace, which Pulumi takes for the project's, have lines too", () => {
  const text = LOCAL.replaceAll("grunnmur:", "").replace("role: worker", "role: wrker");
  assert.match(mistakes(text).join(), /^line 35, nodes\[2\]\.role: received "wrker"/);
});

test("YAML that cannot be read is told with its line and without what stands there", () => {
  const text = `${LOCAL}  grunnmur:gitHostToken: "hunter2\n`;
  const end = LOCAL.split("\n").length;
  assert.match(mistakes(text).join(), /^line \d+: not valid YAML: Missing closing "quote\.$/);
  assert.doesNotMatch(mistakes(text).join(), /hunter2/);
  assert.deepEqual(mistakes(changed("    cidr", "\tcidr").text), [
    "line 8: not valid YAML: Tabs are not allowed as indentation. Indent with spaces.",
  ]);
  assert.match(
    mistakes(`${LOCAL}  grunnmur:environment: production\n`).join(),
    new RegExp(`^line ${end}: .* keys must be unique`),
  );
  assert.deepEqual(mistakes(`${LOCAL}---\n`), [`line ${end}: a second document begins, allowed is one.`]);
  assert.match(mistakes("config: *nowhere\n").join(), /^the file: not valid YAML: Unresolved alias/);
});

test("a file that is no stack file is one mistake, not one for each key that it lacks", () => {
  assert.match(mistakes("hello\n").join(), /^the file: received "hello", allowed is a section with the key config/);
  assert.match(mistakes("config: [a]\n").join(), /^line 1, config: received a list of 1, allowed is a section\.$/);
  assert.match(mistakes(LOCAL.replace("config:", "konfig:")).join(), /^line 3, konfig: .* Did you mean config\?$/);
  assert.equal(mistakes("hello\n").length + mistakes(LOCAL.replace("config:", "konfig:")).length, 2);
});

test("a misspelt namespace is a mistake, and what stands below it is judged all the same", () => {
  const { text, line } = changed("grunnmur:registry:", "grunmur:registry:");
  const found = mistakes(text.replace("role: worker", "role: wrker"));
  assert.equal(found.length, 2);
  assert.equal(
    found[1],
    `line ${line}, grunmur:registry: unknown namespace "grunmur", allowed is grunnmur. Write grunnmur:registry.`,
  );
});

test("a date without quotes is refused before Pulumi reads it as a moment", () => {
  const entry = "{ host: a.example.no, country: NO, legalBasis: none, agreement: none, expires: 2027-06-30 }";
  assert.match(mistakes(`${LOCAL}  grunnmur:destinations: [${entry}]\n`).join(), /Write "2027-06-30", with quotes\.$/);
});

test("a name that cannot be that of a namespace or a directory is refused", () => {
  for (const name of ["Test", "a.b", "a-", "a".repeat(64)]) {
    assert.match(mistakes(LOCAL, name).join(), /received the stack's name/, name);
  }
});
