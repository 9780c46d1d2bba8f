import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { exampleReviews, page, pagePath } from "./examples";

/** Brings `docs/reviews` up to date with the program. */
async function write(): Promise<void> {
  for (const [name, found] of await exampleReviews()) {
    mkdirSync(dirname(pagePath(name)), { recursive: true });
    writeFileSync(pagePath(name), page(name, found));
    console.log(pagePath(name));
  }
}

void write();
