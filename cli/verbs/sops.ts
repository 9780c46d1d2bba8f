import { existsSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Command } from "commander";
import { artifactDir, ensure } from "../../artifacts/store";
import { withPrivateDir } from "../../lib/private-dir";
import { run } from "../here/child";
import { readOutputs, requireOutput } from "../pulumi/outputs";
import { stackOption, verb } from "../terminal/command";

/** `sops`: SOPS with the environment's keys, which are in memory and only while it runs. */
export function sopsVerb(): Command {
  return verb("sops", "encrypt, edit and read Secrets that are kept in Git", [
    "sops encrypt --in-place ../config/clusters/local/production/database.yaml",
    "sops edit ../config/clusters/local/production/database.yaml",
    "sops --stack prod updatekeys --yes database.yaml",
  ])
    .addOption(stackOption())
    .argument("[arguments...]", "what sops takes")
    .allowUnknownOption()
    .passThroughOptions()
    .action(sops);
}

async function sops(args: string[], { stack }: { stack: string }): Promise<void> {
  const outputs = await readOutputs(stack);
  const keys = requireOutput(stack, outputs, "sopsKeys");
  const recipient = requireOutput(stack, outputs, "sopsRecipient");
  await ensure(["sops"]);
  await withPrivateDir(async (directory) => {
    const keyFile = join(directory, "keys.txt");
    writeFileSync(keyFile, keys.map((key) => `${key}\n`).join(""), { mode: 0o600 });
    const config = join(directory, ".sops.yaml");
    writeFileSync(config, rulesFor(recipient));
    const env = {
      SOPS_CONFIG: configOf(args) ?? config,
      ...process.env,
      SOPS_AGE_KEY_FILE: keyFile,
      SOPS_DISABLE_VERSION_CHECK: "1",
    };
    process.exitCode = (await run(join(artifactDir("sops"), "bin", "sops"), args, { env })).code;
  });
}

/**
 * The `.sops.yaml` that is nearest above the files that are named: SOPS itself looks above the current directory, where somebody
 * who calls it from grunnmur's clone has none.
 */
export function configOf(args: readonly string[], from = process.cwd()): string | undefined {
  const files = args.filter((one) => !one.startsWith("-") && existsSync(dirname(resolve(from, one))));
  for (const file of [...files.reverse(), "."]) {
    for (let folder = dirname(resolve(from, file)); ; folder = dirname(folder)) {
      const config = join(folder, ".sops.yaml");
      if (existsSync(config)) return config;
      if (folder === dirname(folder)) break;
    }
  }
  return undefined;
}

/** For a repository that does not say whom its Secrets are for. All else of a manifest is read before it is decrypted. */
const rulesFor = (recipient: string): string =>
  `creation_rules: [{ encrypted_regex: ^(data|stringData)$, age: ${recipient} }]\n`;
