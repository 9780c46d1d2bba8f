import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { firstAnswering } from "../../lib/answering";
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
    const authority = authorityOf(ingress);
    if (authority) writeFileSync(trusted, authority);
    const reach = await answeringFirst(ingress.reach);
    const { code } = await run("curl", [...wayTo(reach, authority && trusted), ...args]);
    process.exitCode = code;
  });
}

/** PEM of whom curl has to trust; undefined where it is for whom this machine trusts, as it is for whoever else visits. */
export function authorityOf({
  caPem,
  acme,
}: Pick<NonNullable<Outputs["ingress"]>, "caPem" | "acme">): string | undefined {
  return acme ? undefined : caPem;
}

/**
 * The workers' addresses, one at which somebody shows a certificate before all others. curl itself goes on to the next only where
 * no connection comes about, and a forwarder takes one for a guest that is off.
 */
export async function answeringFirst(reach: readonly string[], port = 443): Promise<string[]> {
  const [first, ...others] = reach.map((address) => ({ address, url: `https://${address}:${port}` }));
  if (!first) return [];
  const { address } = await firstAnswering([first, ...others]);
  return [address, ...reach.filter((other) => other !== address)];
}

/** Every name is found at the workers' addresses: the next is tried where one does not answer. */
export function wayTo(reach: readonly string[], trusted: string | undefined): string[] {
  const found = [80, 443].flatMap((port) => ["--resolve", `*:${port}:${reach.join(",")}`]);
  return [...found, ...(trusted ? ["--cacert", trusted] : [])];
}
