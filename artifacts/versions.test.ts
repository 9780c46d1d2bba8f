import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { repositoryPath } from "../lib/places";
import { lock } from "./lock";
import { page, parts, versionsInALine } from "./versions";

test("the page of versions and licences says what the lock says", () => {
  const documented = readFileSync(repositoryPath("docs", "versions.md"), "utf8");
  assert.equal(documented, page(), "bring it up to date: node --import tsx artifacts/write-versions.ts");
});

test("every program and library of the lock is named, and a line has all that an environment runs", () => {
  const named = parts().map(({ name }) => name);
  assert.deepEqual(
    Object.keys(lock().tools).filter((name) => !named.includes(name)),
    [],
  );
  assert.ok(named.includes("network-policies") && named.includes("storage"));
  const line = versionsInALine();
  for (const { name, version, where } of parts())
    assert.equal(line.includes(`, ${name} ${version}`), where !== "tests", name);
  assert.match(line, /^grunnmur \d+\.\d+\.\d+, flux \d/);
});

test("what the program needs of npm has a licence that is known", () => {
  const { packages } = JSON.parse(readFileSync(repositoryPath("package-lock.json"), "utf8")) as {
    packages: Record<string, { dev?: boolean; license?: string }>;
  };
  const unknown = Object.entries(packages).filter(([path, { dev, license }]) => path && !dev && !license);
  // Their package.json names it in the form of ten years ago, which npm does not copy: MIT each.
  assert.deepEqual(
    unknown.map(([path]) => path),
    ["node_modules/buildcheck", "node_modules/cpu-features", "node_modules/ssh2"],
  );
});
