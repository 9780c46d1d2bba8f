import type { Rule } from "../engine/rule";
import { obligationsDir } from "./obligations";
import { startPack } from "./pack";
import type { Pack } from "./packs";

/** A pack in a file by itself. `artifacts/recipes/policy-packs.ts` puts these in its place. */
declare const GRUNNMUR_PACK: Pack;
declare const GRUNNMUR_RULES: readonly Rule[];

// Who runs another program has no use for a home of grunnmur's, and did not ask for one.
startPack(GRUNNMUR_PACK, GRUNNMUR_RULES, process.env.GRUNNMUR_HOME ? obligationsDir() : undefined);
