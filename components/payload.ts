import { buffer } from "node:stream/consumers";
import { pack } from "tar-stream";

/** A file as it shall lie on a machine. */
export interface File {
  /** Absolute for a file of the machine, relative for a value that only a script reads. */
  path: string;
  content: string;
  /** Permission bits; 0o644 when absent. Owned by root. */
  mode?: number;
}

/**
 * The files as a tar archive, base64: the one form in which configuration and secrets reach a machine, by a script's
 * standard input or as a guest's seed disk. Times are fixed, so the same files give the same text.
 */
export async function payload(files: File[]): Promise<string> {
  const archive = pack();
  for (const { path, content, mode } of files) {
    archive.entry({ name: path.replace(/^\//, ""), mode: mode ?? 0o644, mtime: new Date(0), uid: 0, gid: 0 }, content);
  }
  archive.finalize();
  return (await buffer(archive)).toString("base64");
}

/** The files of a machine, under the folder that a script copies to `/`. */
export function onRoot(files: File[]): File[] {
  return files.map((file) => ({ ...file, path: `rootfs${file.path}` }));
}
