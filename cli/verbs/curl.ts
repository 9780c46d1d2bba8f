import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { withPrivateDir } from "../../lib/private-dir";
import { run } from "../here/child";
import { type Outputs, readOutputs, requireOutput } from "../pulumi/outputs";
import { stackOption, verb } from "../terminal/command";
import { UserError } from "../terminal/user-error";

/** `curl`: curl that finds the environment's names without DNS, and trusts what signed their certificate. */
export function curlVerb(): Command {
  return verb("curl", "ask a service at the name by which it answers from outside", [
    "curl https://payment.local.grunnmur.internal/version",
    "curl --stack prod -sS --http2 https://shop.example.no/",
  ])
    .addOption(stackOption("--stack <name>"))
    .argument("[arguments...]", "what curl takes")
    .allowUnknownOption()
    .passThroughOptions()
    .action(curl);
}

async function curl(args: string[], { stack }: { stack: string }): Promise<void> {
  const outputs = await readOutputs(stack);
  requireOutput(stack, outputs, "kubeconfig");
  const { ingress } = outputs ?? {};
  if (!ingress) {
    throw new UserError(
      `nothing answers from outside in ${stack}: its stack file has no names under grunnmur:ingress. See docs/configuration.md`,
    );
  }
  await withPrivateDir(async (directory) => {
    const trusted = join(directory, "ca.pem");
    if (ingress.caPem) writeFileSync(trusted, ingress.caPem);
    const { code } = await run("curl", [...wayTo(ingress, ingress.caPem && trusted), ...args]);
    process.exitCode = code;
  });
}

/** Every name is found at the workers' addresses: the next is tried where one does not answer. */
export function wayTo({ reach }: NonNullable<Outputs["ingress"]>, trusted: string | undefined): string[] {
  const found = [80, 443].flatMap((port) => ["--resolve", `*:${port}:${reach.join(",")}`]);
  return [...found, ...(trusted ? ["--cacert", trusted] : [])];
}
