import { ensure } from "../artifacts/store";
import { measureAdmission } from "./admission";
import { compareBundle } from "./bundle";
import { compareCheckers } from "./checkers";
import { compareKustomizations } from "./kustomizations";
import { measureNetwork } from "./network";
import { measurePacks } from "./packs";
import { measurePreviews } from "./previews";
import { measureStanding } from "./standing";
import { measureStandingUp } from "./standing-up";

type Say = (text: string) => void;

const PARTS: Record<string, (say: Say) => Promise<void>> = {
  packs: async (say) => {
    await ensure(["pulumi"]);
    await measurePacks(say);
  },
  admission: async (say) => {
    await ensure(["kubernetes", "etcd"]);
    await measureAdmission(say);
  },
  preview: async (say) => {
    await ensure(["pulumi", "flux-manifests"]);
    await measurePreviews(say);
  },
  check: compareCheckers,
  "check-bundle": compareBundle,
  kustomizations: compareKustomizations,
  standing: measureStanding,
  network: measureNetwork,
  up: measureStandingUp,
};

/** `npm run bench [-- part...]`: ratios tell more than seconds, since nobody else has this machine. */
async function main(asked: readonly string[]): Promise<void> {
  const say: Say = (text) => console.log(text);
  const names = Object.keys(PARTS);
  const unknown = asked.filter((name) => !names.includes(name));
  if (unknown.length > 0)
    throw new Error(`bench has no part ${unknown.join(", ")}; allowed: ${names.join(", ")}, or none for all`);
  for (const name of asked.length > 0 ? asked : names) {
    say(name);
    await PARTS[name]?.(say);
  }
}

main(process.argv.slice(2)).catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
