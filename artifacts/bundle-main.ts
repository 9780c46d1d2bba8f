import { cpSync, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { artifactDir, ensure } from "./store";

const usage = `usage: npm run bundle -- DIRECTORY

Writes what is of use outside of this repository into the directory, and makes it first where the store has it not:
  grunnmur-check.cjs   \`check\` as one file that Node runs`;

/** What of each artifact goes along. */
const WRITTEN: Record<string, string[]> = { check: ["grunnmur-check.cjs"] };

async function main([directory, ...more]: string[]): Promise<void> {
  if (directory === undefined || directory.startsWith("-") || more.length > 0) throw new Error(usage);
  await ensure(Object.keys(WRITTEN));
  // npm starts this at the repository's top, and says where it was started itself.
  const target = resolve(process.env.INIT_CWD ?? "", directory);
  mkdirSync(target, { recursive: true });
  for (const [artifact, names] of Object.entries(WRITTEN)) {
    for (const name of names) {
      cpSync(join(artifactDir(artifact), name), join(target, name), { recursive: true });
      console.log(join(target, name));
    }
  }
}

main(process.argv.slice(2)).catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
