import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { test } from "node:test";
import { repositoryPath, repositoryRoot } from "./places";

const IMPORT = /^(?:import|export)\b[^;]*?\bfrom "(\.[^"]*)";|\b(?:import|require)\("(\.[^"]*)"\)/gm;

const files = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "*.ts"], { cwd: repositoryRoot() })
  .toString()
  .trim()
  .split("\n")
  .filter((file) => existsSync(repositoryPath(file)));
const known = new Set(files);
const room = (file: string): string => file.split("/")[0] ?? "";

/** The files that a file imports, types too: a circle of types misleads a reader as any other does. */
function importsOf(file: string): string[] {
  return [...readFileSync(repositoryPath(file), "utf8").matchAll(IMPORT)].flatMap(([, from, called]) => {
    const path = normalize(join(dirname(file), from ?? called ?? ""));
    return [`${path}.ts`, path, `${path}/index.ts`].find((candidate) => known.has(candidate)) ?? [];
  });
}

const imports = new Map(files.map((file) => [file, importsOf(file)]));

/** What docs/design.md draws: `| room | may import |`, by room. */
function drawn(): Map<string, Set<string>> {
  const design = readFileSync(repositoryPath("docs", "design.md"), "utf8");
  const table = /^\| from \| may import \|\n\|[-|]+\|\n((?:\|.*\n)+)/m.exec(design)?.[1] ?? "";
  const names = (cell = "") => [...cell.matchAll(/`([a-z-]+)`/g)].map(([, name]) => name ?? "");
  return new Map(
    table
      .trim()
      .split("\n")
      .flatMap((line) => {
        const [, from, to] = line.split("|");
        return names(from).map((name) => [name, new Set(names(to))] as const);
      }),
  );
}

const isTest = (file: string): boolean => /\.test\.ts$|\/(support|fake-[a-z]+|[a-z-]*fixtures)(\/|\.ts$)/.test(file);

function between(counts: (file: string) => boolean): string[] {
  const arrows = [...imports].flatMap(([file, targets]) =>
    counts(file) ? targets.map((target) => [room(file), room(target)]) : [],
  );
  return [...new Set(arrows.filter(([from, to]) => from !== to).map((arrow) => arrow.join(" -> ")))].sort();
}

test("the imports between rooms are those that docs/design.md draws, no more and no fewer", () => {
  const arrows = [...drawn()].flatMap(([from, to]) => [...to].map((one) => `${from} -> ${one}`)).sort();
  assert.ok(arrows.length > 10, "docs/design.md has no table of imports");
  assert.deepEqual(
    between((file) => !isTest(file)),
    arrows,
  );
});

test("no file imports itself, over however many others", () => {
  const done = new Set<string>();
  const visit = (file: string, path: string[]): void => {
    const again = path.indexOf(file);
    assert.equal(again, -1, `an import circle: ${[...path.slice(again), file].join(" -> ")}`);
    if (done.has(file)) return;
    for (const target of imports.get(file) ?? []) visit(target, [...path, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
  assert.ok([...imports.values()].flat().length > 800, "imports were not read");
});

test("the top of cli holds main and what belongs to it", () => {
  const top = files.filter((file) => /^cli\/[^/]+$/.test(file)).map((file) => file.slice("cli/".length));
  assert.deepEqual(
    top.filter((file) => !/^(main|program|verbs)(\.test)?\.ts$/.test(file)),
    [],
  );
});
