import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { repositoryPath, repositoryRoot } from "../../lib/places";
import { bundle } from "../lib/bundle";
import { bundleCheck, checkRecipe } from "./check";

const directory = mkdtempSync(join(tmpdir(), "grunnmur-bundle-"));
after(() => rmSync(directory, { recursive: true, force: true }));
const reader = { sha256: "0".repeat(64), packed: "" };

test("the same sources make the same bytes wherever that is done, and name no place of this machine", async () => {
  const [here, there] = [join(directory, "here.js"), join(directory, "there.js")];
  await bundleCheck(here, reader);
  const program = `import(process.argv[1]).then((m) => m.default.bundleCheck(process.argv[2], ${JSON.stringify(reader)}))`;
  const tsx = ["--import", pathToFileURL(require.resolve("tsx")).href];
  execFileSync(process.execPath, [...tsx, "-e", program, join(__dirname, "check.ts"), there], { cwd: directory });
  const text = readFileSync(here, "utf8");
  assert.equal(readFileSync(there, "utf8"), text);
  assert.ok(!text.includes(repositoryRoot()), "the repository's place is in it");
  assert.match(text, /^#!\/usr\/bin\/env node\n/);
});

test("all that it is made of counts in its key", async () => {
  const made = await bundleCheck(join(directory, "counted.js"), reader);
  const counted = checkRecipe().files.map((path) => relative(repositoryRoot(), path));
  // Of packages the versions count, in package-lock.json.
  const own = made.filter((path) => !path.startsWith("node_modules/"));
  assert.ok(own.length > 60 && counted.includes("package-lock.json"));
  assert.deepEqual(
    own.filter((path) => !counted.includes(path)),
    [],
  );
});

test("the licences of what others wrote go along", async () => {
  const output = join(directory, "licences.js");
  await bundleCheck(output, reader);
  const text = readFileSync(output, "utf8");
  const notices = text.slice(text.lastIndexOf("\n/*\n"));
  for (const name of ["commander", "js-yaml", "re2js", "zod", "@marcbachmann/cel-js"])
    assert.match(notices, new RegExp(`^${name} \\d+\\.\\d+\\.\\d+, \\S+\\n\\n.*?Permission is hereby granted`, "ms"));
});

test("what would look for something else where it runs is not made", async () => {
  const entry = join(directory, "entry.ts");
  writeFileSync(entry, 'try { require("not-there"); } catch {}\n');
  const output = join(directory, "foreign.js");
  const asked = { entry: relative(repositoryPath(), entry), output, values: {} };
  await assert.rejects(bundle(asked), /would look for not-there where it runs/);
});
