import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { UserError } from "../terminal/user-error";

export interface FileToWrite {
  /** Inside the directory, with slashes. */
  path: string;
  content: string;
  executable?: true;
}

/**
 * The text of a file inside a directory, undefined where there is none. Symbolic links lead elsewhere, so none is followed.
 * @throws UserError for what is no file, or is below what is no directory
 */
export function textInside(directory: string, path: string): string | undefined {
  const parts = path.split("/");
  for (const [index] of parts.entries()) {
    const whole = join(directory, ...parts.slice(0, index + 1));
    const last = index === parts.length - 1;
    const found = lstatSync(whole, { throwIfNoEntry: false });
    if (!found) return undefined;
    if (last ? !found.isFile() : !found.isDirectory()) {
      const kind = found.isSymbolicLink() ? "a symbolic link" : last ? "no file" : "no directory";
      throw new UserError(`${whole} is ${kind}, where a ${last ? "file" : "directory"} has to be: move it away first`);
    }
  }
  return readFileSync(join(directory, path), "utf8");
}

/** @param orNew there may be nothing yet @throws UserError where there is something else than a directory */
export function requireDirectory(directory: string, orNew = false): void {
  const found = statSync(directory, { throwIfNoEntry: false });
  if (found ? found.isDirectory() : orNew) return;
  throw new UserError(`${directory} is no directory${orNew ? ": give one that there is, or a new name" : ""}`);
}

/** Writes all of them or, where one fails, none: what was there before is put back. */
export function writeAll(directory: string, files: readonly FileToWrite[]): void {
  const undo: (() => void)[] = [];
  try {
    for (const { path, content, executable } of files) {
      const target = join(directory, path);
      const before = textInside(directory, path);
      const made = mkdirSync(dirname(target), { recursive: true });
      if (made !== undefined) undo.unshift(() => rmSync(made, { recursive: true }));
      const mode =
        before === undefined ? (executable ? 0o777 : 0o666) & ~process.umask() : statSync(target).mode & 0o777;
      const put = (text: string) => replace(target, text, mode);
      undo.unshift(before === undefined ? () => rmSync(target, { force: true }) : () => put(before));
      put(content);
    }
  } catch (error) {
    for (const step of undo) step();
    if (error instanceof UserError) throw error;
    throw new UserError(`nothing was written to ${directory}: ${(error as Error).message}`);
  }
}

/** By a rename: whoever reads meanwhile sees all of one text. */
function replace(target: string, content: string, mode: number): void {
  const beside = `${target}.${process.pid}.new`;
  try {
    writeFileSync(beside, content, { mode, flag: "wx" });
    renameSync(beside, target);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
}

export interface ManifestFile {
  /** From the directory on, with slashes. */
  path: string;
  text: string;
}

/** What agents read: 16 MiB is what `check` takes too. */
const LARGEST = 16 * 2 ** 20;
const MANIFEST = /(\.ya?ml|\.json|^Kustomization)$/;

/** All manifests below a directory, and what was passed over with the reason. Neither `.git` nor a symbolic link is followed. */
export function manifestsBelow(directory: string, folder = ""): { files: ManifestFile[]; passedOver: string[] } {
  const files: ManifestFile[] = [];
  const passedOver: string[] = [];
  const root = realpathSync(join(directory, folder));
  const visit = (inside: string): void => {
    for (const entry of readdirSync(join(root, inside), { withFileTypes: true }).sort((a, b) =>
      a.name < b.name ? -1 : 1,
    )) {
      const path = inside === "" ? entry.name : `${inside}/${entry.name}`;
      if (entry.isDirectory() && entry.name !== ".git") visit(path);
      if (!entry.isFile() || !MANIFEST.test(entry.name)) continue;
      const named = folder === "" ? path : `${folder}/${path}`;
      if (statSync(join(root, path)).size > LARGEST) passedOver.push(`${named} is larger than 16 MiB`);
      else {
        const text = textOf(readFileSync(join(root, path)));
        if (text === undefined) passedOver.push(`${named} is not in UTF-8`);
        else files.push({ path: named, text });
      }
    }
  };
  visit("");
  return { files, passedOver };
}

/** Only what comes out as the same bytes again may be written back. */
function textOf(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder("utf8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
