import { cpSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { artifactDir, ensure } from "./store";

const usage = `usage: npm run bundle -- DIRECTORY

Writes what is of use outside of this repository into the directory, and makes it first where the store has it not:
  grunnmur-check.cjs         \`check\` as one file that Node runs
  pre-commit                 Git's hook that asks it of what is staged
  grunnmur-gdpr-data-locality,
  grunnmur-resource-limits   the policy packs, for --policy-pack, and each as a package of npm's (.tgz)`;

const ARTIFACTS = ["check", "policy-packs"];

async function main([directory, ...more]: string[]): Promise<void> {
  if (directory === undefined || directory.startsWith("-") || more.length > 0) throw new Error(usage);
  await ensure(ARTIFACTS);
  // npm starts this at the repository's top, and says where it was started itself.
  const target = resolve(process.env.INIT_CWD ?? "", directory);
  mkdirSync(target, { recursive: true });
  for (const artifact of ARTIFACTS) {
    for (const name of readdirSync(artifactDir(artifact)).filter((each) => each !== ".complete")) {
      rmSync(join(target, name), { recursive: true, force: true });
      cpSync(join(artifactDir(artifact), name), join(target, name), { recursive: true });
      console.log(join(target, name));
    }
  }
}

main(process.argv.slice(2)).catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
