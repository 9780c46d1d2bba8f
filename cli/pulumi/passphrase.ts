import { randomBytes } from "node:crypto";
import { closeSync, existsSync, fsyncSync, linkSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { stateDir } from "../../lib/places";

/** The file with the passphrase that encrypts the state's secrets: random, mode 0600, made on first use. */
export function passphraseFile(): string {
  const file = join(stateDir(), "passphrase");
  if (existsSync(file)) return file;
  mkdirSync(stateDir(), { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}`;
  const handle = openSync(draft, "wx", 0o600);
  try {
    writeSync(handle, `${randomBytes(32).toString("base64url")}\n`);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  try {
    // A link, unlike a rename, never replaces: of two first runs at once, both use the winner's passphrase.
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  return file;
}
