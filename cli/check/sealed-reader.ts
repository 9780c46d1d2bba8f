import { createHash } from "node:crypto";
import { statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliDecompressSync } from "node:zlib";
import { withPrivateDir } from "../../lib/private-dir";
import { type Reader, readerAt } from "../../policies/check/reader";
import { UserError } from "../terminal/user-error";

/** The reader of manifests as it travels inside a JavaScript file. */
export interface SealedReader {
  /** Of the program itself, hex. */
  sha256: string;
  /** The program, packed by brotli, in base64. */
  packed: string;
}

/**
 * Runs `work` with the reader in a directory that nobody else can write to, and that is gone afterwards. It is unpacked each
 * time, so that nothing lies about that somebody could have exchanged.
 * @param place where that directory is made
 * @throws UserError where this machine cannot run it, or the file is damaged
 */
export async function withReader<T>(
  { sha256, packed }: SealedReader,
  work: (reader: Reader) => Promise<T>,
  place = tmpdir(),
): Promise<T> {
  requireMachine(process.platform, process.arch);
  const program = unpack(packed);
  if (program === undefined || createHash("sha256").update(program).digest("hex") !== sha256)
    throw new UserError(
      "this file is damaged: the reader of manifests in it is not the one it was made with. Get it anew.",
    );
  requireSafe(place);
  return withPrivateDir(async (directory) => {
    const path = join(directory, "reader");
    writeFileSync(path, program, { mode: 0o500, flag: "wx" });
    return work(readerAt(path));
  }, place);
}

function unpack(packed: string): Buffer | undefined {
  try {
    return brotliDecompressSync(Buffer.from(packed, "base64"));
  } catch {
    return undefined;
  }
}

/** @throws UserError with what there is instead */
export function requireMachine(platform: string, arch: string): void {
  if (platform === "linux" && arch === "x64") return;
  throw new UserError(
    `the reader of manifests in this file is for linux on x64; this is ${platform} on ${arch}. ` +
      "Run it on such a machine, or in a container for one.",
  );
}

/** Whoever may rename what others made there could put another program in the place of ours. */
function requireSafe(place: string): void {
  const found = statSync(place, { throwIfNoEntry: false });
  if (!found?.isDirectory())
    throw new UserError(`${place} is no directory; set TMPDIR to one that only you can write to`);
  const shared = (found.mode & 0o022) !== 0 && (found.mode & 0o1000) === 0;
  if (shared || ![0, process.getuid?.()].includes(found.uid))
    throw new UserError(
      `${place} may be changed by others; set TMPDIR to a directory that only you can write to, or to /tmp`,
    );
}
