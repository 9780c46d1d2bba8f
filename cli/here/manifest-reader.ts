import { join } from "node:path";
import { artifactDir, ensure } from "../../artifacts/store";
import { type Reader, readerAt } from "../../policies/check/reader";

/** The reader of manifests, which the store makes where it does not have it yet. */
export async function manifestReader(): Promise<Reader> {
  await ensure(["manifest-reader"]);
  return readerAt(join(artifactDir("manifest-reader"), "bin", "reader"));
}
