import { existsSync, writeFileSync } from "node:fs";
import { dirname, extname } from "node:path";
import { say } from "../terminal/say";
import { UserError } from "../terminal/user-error";
import { html } from "./html";
import { comment } from "./markdown";
import type { Review } from "./review";

const FORMATS: Record<string, (review: Review) => string> = {
  ".md": (found) => comment(found),
  ".html": html,
  ".json": (found) => `${JSON.stringify(found, null, 2)}\n`,
};

/** Before minutes of work, not after them. @throws UserError for a file that no report can be written to */
export function refuseOtherFormats(files: readonly string[]): void {
  for (const file of files) {
    const end = extname(file);
    if (!(end in FORMATS)) {
      throw new UserError(
        `--report ${file}: a report is a file that ends in ${Object.keys(FORMATS).join(", ")}; ${end ? `"${end}" is none of them` : "this has no ending"}.`,
      );
    }
    if (!existsSync(dirname(file))) {
      throw new UserError(`--report ${file}: there is no directory ${dirname(file)}. Make it first.`);
    }
  }
}

/** Writes a review to each file, in the form that its name's end says. */
export function writeReports(files: readonly string[], found: Review): void {
  for (const file of files) writeFileSync(file, FORMATS[extname(file)]?.(found) ?? "");
  if (files.length > 0) say(`\nReport: ${files.join(", ")}`);
}
