import { type Dirent, lstatSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import type { Note } from "./report";

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

/** @param paths files and directories */
export function filesIn(paths: readonly string[]): Files {
  const files: Files = { manifests: [], kustomizations: [], passedOver: [], unread: [] };
  for (const path of paths) {
    try {
      if (lstatSync(path).isDirectory()) walk(path, files);
      else files.manifests.push(path);
    } catch (error) {
      files.unread.push({ file: path, line: null, reason: messageOf(error) });
    }
  }
  return files;
}

function walk(directory: string, files: Files): void {
  const entries = readdirSync(directory, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  // What lies in the directory of a kustomization is a part of it, a patch of it, or not applied.
  const built = entries.some(({ name }) => KUSTOMIZATION.includes(name));
  if (built) files.kustomizations.push(directory);
  for (const entry of entries) visit(join(directory, entry.name), entry, built, files);
}

function visit(path: string, entry: Dirent, built: boolean, files: Files): void {
  // Directories and files of tools: .git, .gitlab-ci.yml, our own exceptions.
  if (entry.name.startsWith(".") || entry.name === "node_modules") return;
  if (entry.isDirectory()) walk(path, files);
  else if (entry.isSymbolicLink()) {
    files.passedOver.push({ file: path, line: null, reason: "a symbolic link: give what it points to" });
  } else if (entry.isFile() && MANIFEST.test(entry.name) && !built) files.manifests.push(path);
}

/** A file's bytes; `-` is standard input. */
export function readBytes(path: string): Uint8Array | Note {
  try {
    return readFileSync(path === "-" ? 0 : path);
  } catch (error) {
    return { file: nameOf(path), line: null, reason: messageOf(error) };
  }
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
