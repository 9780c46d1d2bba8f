import { createHash } from "node:crypto";
import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants } from "node:zlib";
import { repositoryPath } from "../../lib/places";
import { bundle } from "../lib/bundle";
import type { Recipe } from "../lib/store";
import { ownVersion, ruleSources, rulesToEmbed, sourcesIn } from "./embedded-rules";

/**
 * `grunnmur-check.cjs`, and `pre-commit` which asks it: the check as a file that Node runs, with the rules and the reader of manifests in it. So named that no
 * `package.json` beside it makes another kind of module of it.
 */
export const checkRecipe = (): Recipe => ({
  name: "check",
  needs: ["manifest-reader"],
  from: {},
  files: [
    ...ruleSources(),
    ...[
      ["cli", "check"],
      ["cli", "terminal"],
      ["policies", "check"],
    ].flatMap((path) => sourcesIn(...path)),
    HOOK,
    repositoryPath("artifacts", "recipes", "check.ts"),
  ],
  make: async (work) => {
    work.beat("packing the reader");
    const reader = readFileSync(join(work.of("manifest-reader"), "bin", "reader"));
    await bundleCheck(join(work.dir, "grunnmur-check.cjs"), {
      sha256: createHash("sha256").update(reader).digest("hex"),
      packed: (await packed(reader)).toString("base64"),
    });
    cpSync(HOOK, join(work.dir, "pre-commit"));
    return { version: ownVersion() };
  },
});

const HOOK = repositoryPath("policies", "check", "pre-commit.sh");

/** @param reader as `cli/check/sealed-reader.ts` opens it @returns what the file was made of */
export function bundleCheck(output: string, reader: { sha256: string; packed: string }): Promise<string[]> {
  const values = { GRUNNMUR_VERSION: ownVersion(), GRUNNMUR_RULES: rulesToEmbed(), GRUNNMUR_READER: reader };
  return bundle({ entry: "cli/check/main.ts", output, values });
}

/** At 9 it is 2 % smaller, and longer in the making. */
const QUALITY = 6;

function packed(program: Buffer): Promise<Buffer> {
  return promisify(brotliCompress)(program, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: QUALITY,
      [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
      [constants.BROTLI_PARAM_SIZE_HINT]: program.length,
    },
  });
}
