import { loadRules } from "../engine/load";
import { pages, pagesDirectory, writePages } from "./pages";

/** Brings `docs/rules` up to date with the rules. */
const changed = writePages(pages(loadRules()));
console.log(`${pagesDirectory()}: ${changed.length === 0 ? "nothing to change" : `changed ${changed.join(", ")}`}`);
