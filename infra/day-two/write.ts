import { writeFileSync } from "node:fs";
import { repositoryPath } from "../../lib/places";
import { isRefused, page, verdict } from "./page";
import { plan } from "./plan";
import { ROWS, type Row, stacksOf } from "./rows";

/** Brings `docs/changes.md` up to date with the program. */
async function write(): Promise<void> {
  const verdicts = new Map<Row, string>();
  for (const row of ROWS) {
    const { deployed, wanted } = stacksOf(row);
    verdicts.set(row, verdict(row, isRefused(row) ? [] : await plan(deployed, wanted)));
    console.log(`${row.change}: ${verdicts.get(row)}`);
  }
  writeFileSync(repositoryPath("docs", "changes.md"), page(verdicts));
}

void write();
