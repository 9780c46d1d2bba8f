import { chmodSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { join } from "node:path";
import type { PluginBuild } from "esbuild";
import { repositoryRoot } from "../../lib/places";

/** A program in one file that Node runs, without packages beside it. */
export interface Bundle {
  /** Its TypeScript file, as a path in the repository. */
  entry: string;
  output: string;
  /** Values for the names that it declares; any JSON. */
  values: Record<string, unknown>;
  /** What is taken in instead of a package: a path in the repository. */
  instead?: Record<string, string>;
}

/**
 * Writes it: equal sources give equal bytes, on whatever machine and in whatever directory.
 * @returns what it was made of, as paths in the repository
 * @throws where it would look for something beside Node's own modules once it runs
 */
export async function bundle({ entry, output, values, instead = {} }: Bundle): Promise<string[]> {
  // Loaded only here: whoever asks for an artifact's path has no use for a bundler.
  const { build } = await import("esbuild");
  const define = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, JSON.stringify(value)]));
  const root = repositoryRoot();
  const { metafile, outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile: "out.js",
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    define,
    plugins: [{ name: "instead", setup: (made) => substitute(made, instead) }],
    // What somebody has set for himself makes no other file.
    tsconfigRaw: {},
    legalComments: "none",
    charset: "utf8",
    write: false,
    metafile: true,
    logLevel: "silent",
  });
  const foreign = Object.values(metafile.outputs)
    .flatMap(({ imports }) => imports.map(({ path }) => path))
    .filter((path) => !builtinModules.includes(path.replace(/^node:/, "").split("/")[0] ?? ""));
  if (foreign.length > 0) throw new Error(`${entry} would look for ${foreign.join(", ")} where it runs`);
  const made = Object.keys(metafile.inputs).filter((path) => !path.startsWith("<"));
  writeFileSync(output, `#!/usr/bin/env node\n${outputFiles[0]?.text}${notices(made)}`);
  chmodSync(output, 0o755);
  return made.sort();
}

/** The package alone and not what lies in it, as an alias would. */
function substitute(made: PluginBuild, instead: Record<string, string>): void {
  for (const [name, path] of Object.entries(instead)) {
    const filter = new RegExp(`^${name.replace(/[^\w@/-]/g, "\\$&")}$`);
    made.onResolve({ filter }, () => ({ path: join(repositoryRoot(), path) }));
  }
}

/** What the licences of others ask for: that their text goes along. */
function notices(made: readonly string[]): string {
  const packages = [...new Set(made.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []))];
  const texts = packages.sort().map((path) => {
    const folder = join(repositoryRoot(), path);
    const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
    const text = file === undefined ? "" : `\n\n${readFileSync(join(folder, file), "utf8").trim()}`;
    return `${name} ${version}, ${license}${text}`;
  });
  if (texts.length === 0) return "";
  // The end of a comment inside of one would end it.
  return `/*\nParts of others in this file\n\n${texts.join("\n\n\n").replaceAll("*/", "* /")}\n*/\n`;
}
