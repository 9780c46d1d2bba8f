import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryPath } from "../../lib/places";
import { type Pack, rulesOf } from "../../policies/crossguard/packs";
import type { Rule } from "../../policies/engine/rule";
import { bundle } from "../lib/bundle";
import { run } from "../lib/run";
import type { Recipe } from "../lib/store";
import { ownVersion, ruleSources, rulesToEmbed } from "./embedded-rules";

export const PACKS: readonly Pack[] = ["gdpr-data-locality", "resource-limits"];

/** Of each pack a directory that any Pulumi program can name, and the same as a package of npm's. */
export const policyPacksRecipe = (): Recipe => ({
  name: "policy-packs",
  needs: [],
  from: {},
  files: [
    ...ruleSources(),
    ...PACKS.flatMap((pack) => SOURCES.map((name) => repositoryPath("policies", pack, name))),
    ...["LICENSE", "artifacts/recipes/policy-packs.ts"].map((path) => repositoryPath(path)),
  ],
  make: async (work) => {
    for (const pack of PACKS) {
      const directory = join(work.dir, `grunnmur-${pack}`);
      await writePack(pack, directory);
      await run("npm", ["pack", "--offline", "--ignore-scripts", "--pack-destination", work.dir, directory], {
        cwd: work.dir,
      });
    }
    return { version: ownVersion() };
  },
});

const SOURCES = ["PulumiPolicy.yaml", "README.md", "package.json"];

/** @returns what its program was made of */
export async function writePack(pack: Pack, directory: string): Promise<string[]> {
  const source = (name: string) => repositoryPath("policies", pack, name);
  const rules = rulesOf(pack, rulesToEmbed());
  const sdk =
    readJson<{ dependencies: Record<string, string> }>(repositoryPath("package.json")).dependencies[SDK] ?? "";
  mkdirSync(directory, { recursive: true });
  cpSync(source("PulumiPolicy.yaml"), join(directory, "PulumiPolicy.yaml"));
  cpSync(repositoryPath("LICENSE"), join(directory, "LICENSE"));
  writeFileSync(join(directory, "README.md"), `${readFileSync(source("README.md"), "utf8")}\n${table(rules)}`);
  const { private: _, main: __, ...about } = readJson<Record<string, unknown>>(source("package.json"));
  writeJson(join(directory, "package.json"), {
    ...about,
    version: ownVersion(),
    license: "Apache-2.0",
    main: "index.js",
    dependencies: { [SDK]: sdk },
    bundleDependencies: [SDK],
  });
  writeStarter(join(directory, "node_modules", SDK), sdk);
  return bundle({
    entry: "policies/crossguard/bundled.ts",
    output: join(directory, "index.js"),
    values: { GRUNNMUR_PACK: pack, GRUNNMUR_RULES: rules },
    instead: { [SDK]: "policies/crossguard/bundled-sdk.ts" },
  });
}

const SDK = "@pulumi/pulumi";

/** Pulumi's host for Node starts a pack by this file of the SDK's. A pack serves itself as soon as it is loaded. */
function writeStarter(directory: string, version: string): void {
  const description =
    "What starts the policy pack that this lies in; what the pack needs of the SDK is in its index.js";
  const starter = join(directory, "cmd", "run-policy-pack");
  mkdirSync(starter, { recursive: true });
  writeJson(join(directory, "package.json"), { name: SDK, version, description, license: "Apache-2.0" });
  writeFileSync(join(starter, "index.js"), 'require("../../../../../index.js");\n');
}

function table(rules: readonly Rule[]): string {
  const rows = rules.map(({ id, title, severity, params }) => {
    const known = Object.entries(params).map(([name, { type }]) => `\`${name}\` (${type})`);
    return `| \`${id}\` | ${title} | ${severity} | ${known.join(", ")} |\n`;
  });
  return `## Rules\n\n| policy | what it asks | level | parameters |\n|---|---|---|---|\n${rows.join("")}`;
}

const readJson = <T>(path: string): T => JSON.parse(readFileSync(path, "utf8")) as T;
const writeJson = (path: string, value: object): void => writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`);
