import { hkdfSync } from "node:crypto";

/**
 * Derives `length` bytes for one purpose from a seed (HKDF-SHA256, RFC 5869).
 *
 * @param seedBase64 at least 32 random bytes, base64
 * @param purpose names what the bytes are for; another purpose gives unrelated bytes
 * @throws when the seed is shorter than 32 bytes
 */
export function derive(seedBase64: string, purpose: string, length: number): Buffer {
  const seed = Buffer.from(seedBase64, "base64");
  if (seed.length < 32) {
    throw new Error(
      `the seed for "${purpose}" holds ${seed.length} bytes; at least 32 are needed: make it with makeSeed()`,
    );
  }
  return Buffer.from(hkdfSync("sha256", seed, "", `grunnmur/${purpose}`, length));
}

/** A password of 256 bits in URL-safe characters, derived for one purpose. */
export function derivePassword(seedBase64: string, purpose: string): string {
  return derive(seedBase64, `password/${purpose}`, 32).toString("base64url");
}
