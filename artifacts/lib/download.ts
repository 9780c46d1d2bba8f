import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { sha256 } from "./digest";
import { CommandError, run } from "./run";

/** What is downloaded and how it is known to be the right thing. At least one of the two checks is given. */
export interface Download {
  url: string;
  /** Address of the published checksum: a bare SHA-256, or lines of "<sha256>  <file name>". */
  checksums?: string;
  /** A digest that must hold whatever the site publishes. */
  sha256?: string;
}

/** The release site cannot be reached, or has not got the file: another source may do. A wrong digest is never this. */
export class Unavailable extends Error {
  override name = "Unavailable";
  constructor(
    message: string,
    /** The site answered that it has not got this file, so it may have the next. */
    readonly siteAnswered: boolean,
  ) {
    super(message);
  }
}

/** The file is not what was promised. */
export class DigestMismatch extends Error {
  override name = "DigestMismatch";
  constructor(url: string, said: string, got: string, by: string) {
    super(
      `${url} is not what was promised:\n    ${by} says ${said}\n    downloaded     ${got}\n` +
        "    Nothing was installed. If upstream really changed the file, change the version in artifacts/lock.json.",
    );
  }
}

/**
 * Downloads a file and checks it. What an interrupted run already fetched is kept and continued.
 * @param folder where the file and its unfinished part lie
 * @returns path of the checked file
 * @throws Unavailable, DigestMismatch
 */
export async function download(wanted: Download, folder: string): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const promised = await promisedDigests(wanted, folder);
  const path = join(folder, basename(new URL(wanted.url).pathname));
  const part = `${path}.part`;

  if (!existsSync(path)) {
    const continued = existsSync(part);
    await fetchInto(wanted.url, part);
    // The beginning may stem from another file of the same name: what was glued together gets one clean try.
    if (continued && !(await holds(part, promised))) {
      rmSync(part);
      await fetchInto(wanted.url, part);
    }
    renameSync(part, path);
  }
  const got = await sha256(path);
  for (const { digest, by } of promised) {
    if (digest !== got) {
      rmSync(path);
      throw new DigestMismatch(wanted.url, digest, got, by);
    }
  }
  return path;
}

interface Promised {
  digest: string;
  by: string;
}

async function promisedDigests(wanted: Download, folder: string): Promise<Promised[]> {
  const promised: Promised[] = [];
  if (wanted.sha256) promised.push({ digest: wanted.sha256, by: "the lock" });
  if (wanted.checksums) {
    const file = join(folder, `${basename(new URL(wanted.checksums).pathname)}.checksums`);
    rmSync(file, { force: true });
    await fetchInto(wanted.checksums, file);
    promised.push({ digest: publishedDigest(readFileSync(file, "utf8"), wanted), by: "the site " });
  }
  if (promised.length === 0) throw new Error(`${wanted.url} has no digest to be checked against`);
  return promised;
}

/** Finds the file's digest in a published checksum file: a bare digest, or lines of digest and name. */
export function publishedDigest(text: string, { url, checksums }: Download): string {
  const name = basename(new URL(url).pathname);
  const lines = text
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/));
  const own = lines.find(([digest = "", file = ""]) => isDigest(digest) && basename(file.replace(/^\*/, "")) === name);
  const bare = lines.length === 1 && lines[0]?.length === 1 ? lines[0] : undefined;
  const digest = (own ?? bare)?.[0] ?? "";
  if (!isDigest(digest)) throw new Error(`${checksums} names no SHA-256 for ${name}`);
  return digest;
}

const isDigest = (text: string) => /^[0-9a-f]{64}$/.test(text);

async function holds(path: string, promised: Promised[]): Promise<boolean> {
  const got = await sha256(path);
  return promised.every(({ digest }) => digest === got);
}

// curl's own words for "not here": proxy or name unknown, refused, too slow, TLS, HTTP error, and the empty answer.
const unavailable = new Set([5, 6, 7, 22, 28, 35, 47, 52, 56, 60]);
const rangeRefused = new Set([33, 36]);

/** curl, because it honours the proxy settings that a company's machine has, and continues a part. */
async function fetchInto(url: string, path: string): Promise<void> {
  const args = ["--fail", "--silent", "--show-error", "--location", "--connect-timeout", "3"];
  args.push("--speed-limit", "1024", "--speed-time", "30", "--continue-at", "-", "--output", path, url);
  try {
    mkdirSync(dirname(path), { recursive: true });
    await run("curl", args);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const range = rangeRefused.has(error.code ?? -1) || error.message.includes("error: 416");
    if (range && existsSync(path)) {
      rmSync(path);
      return fetchInto(url, path);
    }
    if (unavailable.has(error.code ?? -1)) throw new Unavailable(`${url}: ${reason(error)}`, error.code === 22);
    throw error;
  }
}

function reason(error: CommandError): string {
  return /curl: (.*)/.exec(error.message)?.[1] ?? error.ended;
}
