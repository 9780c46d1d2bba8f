import { existsSync } from "node:fs";
import type { Command } from "commander";
import { storeRoot } from "../../lib/places";
import { leftovers, refuseForeign, takeDown } from "../here/leftovers";
import { existingStacks, forgetStack, pulumi, pulumiOutput, resourceCount, withConfigFile } from "../pulumi/pulumi";
import { pulumiIsHere } from "../pulumi/pulumi-environment";
import { readStack, requireStackFile } from "../pulumi/stack-file";
import { removeStaleLocks } from "../pulumi/stale-lock";
import { forgetAnswers } from "../status/last-answers";
import { stackOption, verb, yesOption } from "../terminal/command";
import { say } from "../terminal/say";
import { confirm, requireSomebody } from "../terminal/unattended";
import { UserError } from "../terminal/user-error";

/** `destroy`: takes an environment down and proves that nothing is left of it on this machine. */
export function destroyVerb(): Command {
  return verb("destroy", "take an environment down; only the store of artifacts stays", [
    "destroy",
    "destroy --stack local --yes",
  ])
    .addOption(stackOption())
    .addOption(yesOption())
    .option("--accept-loss <uri...>", "addresses of hypervisors that are gone for good, with all that is on them")
    .action(destroy);
}

interface Options {
  stack: string;
  yes?: boolean;
  acceptLoss?: string[];
}

async function destroy({ stack, yes, acceptLoss = [] }: Options): Promise<void> {
  requireStackFile(stack);
  const known = (await pulumiIsHere()) && (await existingStacks()).includes(stack);
  const resources = known ? await resourceCount(stack) : 0;
  if (resources === 0 && leftovers(stack).length === 0) {
    say(`There is nothing to destroy: ${stack} is not up.`);
    return;
  }
  requireSomebody(yes, `destroy ${stack}`);
  if (!(await confirm(`Destroy ${stack}, with ${resources} resources and all data on its disks?`, yes))) {
    throw new UserError("Nothing was destroyed.");
  }
  refuseForeign(stack);
  if (resources > 0) await destroyResources(stack, acceptLoss);
  if (leftovers(stack).length > 0) await takeDown(stack);
  forgetAnswers(stack);
  const left = leftovers(stack);
  if (left.length > 0) throw new UserError(`${stack} is destroyed, but this is left of it:\n  ${left.join("\n  ")}`);
  say(`${stack} is destroyed: no process, network namespace, mount or disk of it is left on this machine.`);
  if (existsSync(storeRoot())) say(`Kept: the store of artifacts, ${storeRoot()}`);
}

async function destroyResources(stack: string, acceptLoss: string[]): Promise<void> {
  await removeStaleLocks(stack);
  // Seeds are kept from any other deletion; who destroys has been asked.
  await pulumiOutput(["state", "unprotect", "--all", "--yes", "--stack", stack]);
  const { code } = await withConfigFile(stack, (config) =>
    pulumi(
      ["destroy", "--stack", stack, "--config-file", config, "--yes", "--skip-preview", "--suppress-progress"].concat(
        "--suppress-outputs",
      ),
      // A cluster that no longer answers takes its objects with it.
      { env: { PULUMI_K8S_DELETE_UNREACHABLE: "true", GRUNNMUR_ACCEPT_LOSS: acceptLoss.join(",") } },
    ),
  );
  if (code === 0) {
    // What an earlier run was ended over stays in the state as begun, and would for ever be something to destroy.
    const begun = await resourceCount(stack);
    if (begun === 0) return;
    if (!isWhollyHere(stack)) {
      say(`An earlier run was ended while it made ${begun} thing(s), see above: look whether something of it is left.`);
    }
    await forgetStack(stack);
    return;
  }
  if (code >= 128 || !isWhollyHere(stack)) {
    throw new UserError(`destroying ${stack} failed: see above. Run ./grunnmur destroy --stack ${stack} again.`);
  }
  // All that the state describes lives in guests of this machine: without them there is nothing left to describe.
  say(`Pulumi could not delete everything in order. All of ${stack} is on this machine: its guests are removed whole.`);
  await takeDown(stack);
  await forgetStack(stack);
}

/** True where every node is a guest of this very machine. A broken stack file proves nothing. */
function isWhollyHere(stack: string): boolean {
  try {
    return readStack(stack).nodes.every((node) => node.kind === "libvirt" && node.hypervisor.kind === "local");
  } catch {
    return false;
  }
}
