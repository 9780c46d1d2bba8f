import { createHash } from "node:crypto";
import type { ConnectConfig, ServerHostKeyAlgorithm } from "ssh2";
import { isObject, type Properties, reveal, unknown, type Value } from "../shared/value";
import type { Failure } from "./check";

/** Where and how to reach a machine over SSH. Times in milliseconds. */
export interface Endpoint {
  host: string;
  port: number;
  /** `<type> <base64>`, the only host key that is accepted. */
  hostKey: string;
  /** Failed dials before giving up; -1 for no limit. */
  dialErrorLimit: number;
  config: ConnectConfig;
}

export interface Connection extends Endpoint {
  proxy: Endpoint | undefined;
}

/** Reads a `connection` whose values are all known. The defaults are those of the official provider. */
export function readConnection(value: Properties): Connection {
  return { ...readEndpoint(value), proxy: isObject(value.proxy) ? readEndpoint(value.proxy) : undefined };
}

function readEndpoint(value: Properties): Endpoint {
  const { host, port, hostKey, dialErrorLimit, perDialTimeout } = value;
  const text = (name: string) => (typeof value[name] === "string" ? (value[name] as string) : undefined);
  const agent =
    text("agentSocketPath") ?? (text("privateKey") || text("password") ? undefined : process.env.SSH_AUTH_SOCK);
  return {
    host: String(host),
    port: Number(port ?? 22),
    hostKey: String(hostKey),
    dialErrorLimit: Number(dialErrorLimit ?? 10),
    config: {
      host: String(host),
      port: Number(port ?? 22),
      username: text("user") ?? "root",
      privateKey: text("privateKey"),
      passphrase: text("privateKeyPassword"),
      password: text("password"),
      tryKeyboard: text("password") !== undefined,
      agent,
      readyTimeout: Number(perDialTimeout ?? 15) * 1000,
      // Two minutes of silence from a machine that answers nothing is a lost one; an emulated one may be this slow.
      keepaliveInterval: 15_000,
      keepaliveCountMax: 8,
      algorithms: { serverHostKey: algorithms(String(hostKey)) },
    },
  };
}

/** What is wrong with a `connection`. Values from it are never quoted, save the host. */
export function checkConnection(connection: Value | undefined, property = "connection"): Failure[] {
  const value = reveal(connection ?? null);
  if (value === unknown) return [];
  if (!isObject(value)) return [{ property, reason: `"${property}" is missing: where is the script to run?` }];
  const failures: Failure[] = [];
  if (value.host !== unknown && (typeof value.host !== "string" || value.host === "")) {
    failures.push({ property, reason: `"${property}.host" is missing: give a name or an address` });
  }
  const hostKey = value.hostKey ?? null;
  if (hostKey === null) {
    const reason = `"${property}.hostKey" is missing: this stand-in only talks to a machine whose host key is pinned`;
    failures.push({ property, reason: `${reason}. Give its public half, as in "ssh-ed25519 AAAA…".` });
  } else if (hostKey !== unknown && keyBytes(String(hostKey)) === undefined) {
    const reason = `"${property}.hostKey" must be a public key as in "ssh-ed25519 AAAA…"`;
    failures.push({ property, reason });
  }
  if (value.proxy !== undefined && value.proxy !== null) {
    failures.push(...checkConnection(value.proxy, `${property}.proxy`));
  }
  return failures;
}

/** Whether the key that a server shows is the pinned one. */
export function isPinned(hostKey: string, shown: Buffer): boolean {
  return keyBytes(hostKey)?.equals(shown) ?? false;
}

/** `SHA256:…`, as ssh-keygen prints it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;
}

/** The bytes of a public key line, or undefined when it is none: they start with the key's own type. */
export function keyBytes(line: string): Buffer | undefined {
  const [type, encoded] = line.trim().split(/\s+/);
  if (type === undefined || encoded === undefined) return undefined;
  const bytes = Buffer.from(encoded, "base64");
  if (bytes.length < 4) return undefined;
  return bytes.subarray(4, 4 + bytes.readUInt32BE(0)).toString() === type ? bytes : undefined;
}

/** The signature algorithms to ask for, so that the server shows the key that is pinned and not another of its own. */
function algorithms(hostKey: string): ServerHostKeyAlgorithm[] {
  const type = hostKey.trim().split(/\s+/)[0] as ServerHostKeyAlgorithm;
  return type === "ssh-rsa" ? ["rsa-sha2-512", "rsa-sha2-256"] : [type];
}
