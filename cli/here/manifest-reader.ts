import { join } from "node:path";
import { artifactDir, ensure } from "../../artifacts/store";
import { type Reader, readerAt } from "../../policies/check/reader";
import { UserError } from "../terminal/user-error";

/** The reader of manifests, which the store makes where it does not have it yet. */
export async function manifestReader(): Promise<Reader> {
  try {
    await ensure(["manifest-reader"]);
  } catch (error) {
    throw new UserError(`Nothing was checked: what reads manifests could not be made. ${(error as Error).message}`);
  }
  return readerAt(join(artifactDir("manifest-reader"), "bin", "reader"));
}
