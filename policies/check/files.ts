import { closeSync, type Dirent, openSync, readdirSync, readSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import type { Note } from "./report";
import { decode, MAX_BYTES } from "./text";

/** What there is to read below the paths that were given. */
export interface Files {
  /** Manifests that are read as they are. */
  manifests: string[];
  /** Directories that kustomize builds. */
  kustomizations: string[];
  passedOver: Note[];
  unread: Note[];
}

export const KUSTOMIZATION = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
const MANIFEST = /\.(ya?ml|json)$/;

/** What belongs to Git, CI and tools, and is not applied by Flux either; whatever else begins with a dot is. */
const LEFT_OUT = [
  ".git",
  ".github",
  ".circleci",
  ".gitlab-ci.yml",
  ".travis.yml",
  ".drone.yml",
  ".goreleaser.yml",
  ".sops.yaml",
  ".flux.yaml",
  ".grunnmur-exceptions.yaml",
];

/** @param paths files and directories */
export function filesIn(paths: readonly string[]): Files {
  const files: Files = { manifests: [], kustomizations: [], passedOver: [], unread: [] };
  for (const path of paths) {
    try {
      if (statSync(path).isDirectory()) walk(path, files);
      else files.manifests.push(path);
    } catch (error) {
      files.unread.push({ file: nameOf(path), line: null, reason: messageOf(error) });
    }
  }
  return files;
}

function walk(directory: string, files: Files): void {
  let entries: Dirent[];
  try {
    entries = readdirSync(directory, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    files.unread.push({ file: nameOf(directory), line: null, reason: messageOf(error) });
    return;
  }
  // What lies in the directory of a kustomization is a part of it, a patch of it, or not applied.
  const built = entries.some(({ name }) => KUSTOMIZATION.includes(name));
  if (built) files.kustomizations.push(directory);
  for (const entry of entries) visit(join(directory, entry.name), entry, built, files);
}

function visit(path: string, entry: Dirent, built: boolean, files: Files): void {
  const pass = (reason: string) => files.passedOver.push({ file: nameOf(path), line: null, reason });
  if (LEFT_OUT.includes(entry.name)) return;
  if (entry.name === "node_modules") pass("packages: nothing in them is read");
  else if (entry.isDirectory()) walk(path, files);
  else if (entry.isSymbolicLink()) pass("a symbolic link: give what it points to");
  else if (!MANIFEST.test(entry.name) || built) return;
  else if (entry.isFile()) files.manifests.push(path);
  else pass("a pipe, a socket or a device: not a manifest");
}

/** A file's bytes, no more than tell that it is too large; `-` is standard input. A device may have no end. */
export function readBytes(path: string): Uint8Array | Note {
  try {
    const file = path === "-" ? 0 : openSync(path, "r");
    try {
      return readUpTo(file, MAX_BYTES + 1);
    } finally {
      if (file !== 0) closeSync(file);
    }
  } catch (error) {
    return { file: nameOf(path), line: null, reason: messageOf(error) };
  }
}

function readUpTo(file: number, most: number): Uint8Array {
  const chunks: Uint8Array[] = [];
  for (let size = 0; size < most; ) {
    const chunk = new Uint8Array(Math.min(most - size, 2 ** 20));
    const length = readSync(file, chunk);
    if (length === 0) break;
    chunks.push(chunk.subarray(0, length));
    size += length;
  }
  return Buffer.concat(chunks);
}

/** The text of a file that nobody gave by name: a repository can make it a link to something that never ends. */
export function readText(path: string): string | Note {
  try {
    if (!statSync(path).isFile()) return { file: nameOf(path), line: null, reason: "it is not a file" };
  } catch (error) {
    return { file: nameOf(path), line: null, reason: messageOf(error) };
  }
  const bytes = readBytes(path);
  return bytes instanceof Uint8Array ? decode(nameOf(path), bytes) : bytes;
}

/** As a person would write it. */
export function nameOf(path: string): string {
  if (path === "-") return "standard input";
  const short = relative(process.cwd(), path);
  return short.startsWith("..") || short === "" ? path : short;
}

function messageOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return "there is no such file or directory";
  if (code === "EACCES") return "it may not be read by this user";
  return message;
}
