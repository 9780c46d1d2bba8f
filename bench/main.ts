import { ensure } from "../artifacts/store";
import { compareCheckers } from "./checkers";
import { measurePacks } from "./packs";

/** `npm run bench`: ratios tell more than seconds, since nobody else has this machine. */
async function main(): Promise<void> {
  const say = (text: string) => console.log(text);
  await ensure(["pulumi"]);
  say("policy packs");
  await measurePacks(say);
  say("check");
  await compareCheckers(say);
}

main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
