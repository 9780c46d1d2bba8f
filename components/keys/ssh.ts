import { createPrivateKey, createPublicKey } from "node:crypto";
import { derive } from "./derive";

/** An ed25519 key pair in the formats OpenSSH reads. */
export interface SshKey {
  /** `-----BEGIN OPENSSH PRIVATE KEY-----` text; a secret. */
  privateKey: string;
  /** `ssh-ed25519 AAAA… comment`. */
  publicKey: string;
}

/** The ed25519 key pair that a seed gives for one purpose; the same seed and purpose give the same key. */
export function sshKey(seedBase64: string, purpose: string): SshKey {
  const secret = derive(seedBase64, `ssh/${purpose}`, 32);
  const publicBytes = ed25519Public(secret);
  const blob = Buffer.concat([field("ssh-ed25519"), field(publicBytes)]);
  return {
    publicKey: `ssh-ed25519 ${blob.toString("base64")} ${purpose}`,
    privateKey: opensshPrivate(secret, publicBytes, blob, purpose),
  };
}

function ed25519Public(secret: Buffer): Buffer {
  // RFC 8410: an ed25519 PKCS#8 key is this fixed prefix and the 32 secret bytes.
  const pkcs8 = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), secret]);
  const spki = createPublicKey(createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" }));
  return spki.export({ format: "der", type: "spki" }).subarray(-32);
}

/** The unencrypted `openssh-key-v1` container (OpenSSH, PROTOCOL.key). */
function opensshPrivate(secret: Buffer, publicBytes: Buffer, blob: Buffer, comment: string): string {
  const check = secret.subarray(0, 4); // random in OpenSSH; derived here so that a preview shows no change
  const inner = Buffer.concat([
    check,
    check,
    field("ssh-ed25519"),
    field(publicBytes),
    field(Buffer.concat([secret, publicBytes])),
    field(comment),
  ]);
  const padding = Buffer.from(Array.from({ length: (8 - (inner.length % 8)) % 8 }, (_, i) => i + 1));
  const container = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    field("none"),
    field("none"),
    field(""),
    uint32(1),
    field(blob),
    field(Buffer.concat([inner, padding])),
  ]);
  const lines = container.toString("base64").match(/.{1,70}/g) ?? [];
  return ["-----BEGIN OPENSSH PRIVATE KEY-----", ...lines, "-----END OPENSSH PRIVATE KEY-----", ""].join("\n");
}

function field(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value as string);
  return Buffer.concat([uint32(bytes.length), bytes]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
