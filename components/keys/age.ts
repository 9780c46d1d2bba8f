import { x25519 } from "@noble/curves/ed25519.js";
import { bech32 } from "@scure/base";
import { derive } from "./derive";

/** An X25519 key pair as age writes it (https://age-encryption.org/v1). */
export interface AgeKey {
  /** `AGE-SECRET-KEY-1…`; a secret. */
  identity: string;
  /** `age1…`. */
  recipient: string;
}

/** The key pair that a seed gives for one purpose; the same seed and purpose give the same key. */
export function ageKey(seedBase64: string, purpose: string): AgeKey {
  return ageKeyOf(derive(seedBase64, `age/${purpose}`, 32));
}

/** @param secret 32 bytes */
export function ageKeyOf(secret: Uint8Array): AgeKey {
  return {
    identity: bech32.encodeFromBytes("age-secret-key-", secret).toUpperCase(),
    recipient: bech32.encodeFromBytes("age", x25519.getPublicKey(secret)),
  };
}
