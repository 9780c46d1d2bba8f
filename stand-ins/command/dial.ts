import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { Client, type ClientErrorExtensions } from "ssh2";
import { type Connection, type Endpoint, fingerprint, isPinned, keyBytes } from "./connection";

const firstPauseMs = 200;
const longestPauseMs = 2000;
// A machine that answers but does not know the key will hardly learn it: this bounds an unlimited dial.
const refusalLimit = 10;

/** Dialling again cannot help. */
class Hopeless extends Error {}

/** Connects, again and again with longer pauses, until it works or the limit is reached. */
export async function dial(
  connection: Connection,
  signal: AbortSignal,
  progress: (message: string) => void,
): Promise<{ client: Client; close(): void }> {
  const { proxy } = connection;
  if (proxy === undefined) {
    const client = await dialEndpoint(connection, () => Promise.resolve(undefined), signal, progress);
    return { client, close: () => client.end() };
  }
  const bastion = await dialEndpoint(proxy, () => Promise.resolve(undefined), signal, progress);
  try {
    const client = await dialEndpoint(connection, () => forward(bastion, connection), signal, progress);
    return {
      client,
      close: () => {
        client.end();
        bastion.end();
      },
    };
  } catch (error) {
    bastion.end();
    throw error;
  }
}

async function dialEndpoint(
  endpoint: Endpoint,
  open: () => Promise<Duplex | undefined>,
  signal: AbortSignal,
  progress: (message: string) => void,
): Promise<Client> {
  let pauseMs = firstPauseMs;
  let refusals = 0;
  for (let tries = 1; ; tries++) {
    signal.throwIfAborted();
    try {
      return await dialOnce(endpoint, await open());
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const where = `${endpoint.host}:${endpoint.port}`;
      if (isRefusal(error)) refusals++;
      const limit = endpoint.dialErrorLimit;
      if (error instanceof Hopeless || refusals >= refusalLimit || (limit >= 0 && tries > limit)) {
        throw new Error(`cannot connect to ${where} over SSH (tried ${tries} times): ${message}`);
      }
      progress(`waiting for SSH on ${where} (try ${tries}): ${message}`);
    }
    await sleep(pauseMs, undefined, { signal });
    pauseMs = Math.min(pauseMs * 1.5, longestPauseMs);
  }
}

function dialOnce(endpoint: Endpoint, sock: Duplex | undefined): Promise<Client> {
  const client = new Client();
  return new Promise((resolve, reject) => {
    let mismatch: Error | undefined;
    client.on("ready", () => {
      client.removeAllListeners("error");
      // From here on a broken connection shows itself as the end of the script's channel.
      client.on("error", () => {});
      resolve(client);
    });
    client.on("error", (error) => reject(mismatch ?? error));
    client.on("close", () => reject(mismatch ?? new Error("the connection was closed before it was ready")));
    client.on("keyboard-interactive", (_name, _instructions, _language, prompts, finish) =>
      finish(prompts.map(() => endpoint.config.password ?? "")),
    );
    const hostVerifier = (key: Buffer) => {
      if (isPinned(endpoint.hostKey, key)) return true;
      mismatch = new Hopeless(
        `the host key is not the pinned one. Expected ${fingerprint(keyBytes(endpoint.hostKey) ?? Buffer.alloc(0))}, got ${fingerprint(key)}. Somebody else may be answering; if the machine was remade on purpose, put its new key in \`connection.hostKey\`.`,
      );
      return false;
    };
    try {
      client.connect({ ...endpoint.config, sock, hostVerifier } as Parameters<Client["connect"]>[0]);
    } catch (error) {
      // Thrown at once for what no server has a part in, such as a private key that cannot be read.
      reject(new Hopeless(error instanceof Error ? error.message : String(error)));
    }
  }).catch((error: unknown) => {
    client.destroy();
    throw error;
  }) as Promise<Client>;
}

function forward(bastion: Client, target: Endpoint): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    bastion.forwardOut("127.0.0.1", 0, target.host, target.port, (error, channel) =>
      error ? reject(error) : resolve(channel),
    );
  });
}

function isRefusal(error: unknown): boolean {
  return (error as ClientErrorExtensions | undefined)?.level === "client-authentication";
}
