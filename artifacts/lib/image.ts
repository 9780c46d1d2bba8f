import { createHash } from "node:crypto";
import { createWriteStream, readFileSync } from "node:fs";
import { pipeline } from "node:stream/promises";
import { gzipSync } from "node:zlib";
import { type Header, pack } from "tar-stream";

/** One entry of an image's only layer. Directories above it are made. */
export type Entry =
  | { path: string; from: string; mode?: number }
  | { path: string; content: string; mode?: number }
  | { path: string; linkTo: string }
  | { path: string; directory: true; mode: number };

/** What an image holds and how it starts. */
export interface ImageSpec {
  ref: string;
  entries: Entry[];
  entrypoint: string[];
  /** User and group, as numbers. */
  user: string;
  version: string;
}

/**
 * Writes a container image as a docker-save tarball that crane pushes and containerd imports.
 * Equal input gives an equal file: no times, no owners, no order of the file system.
 */
export async function writeImage(spec: ImageSpec, output: string): Promise<void> {
  const layer = await tarOf(spec.entries);
  // Packed here once, so that whoever pushes it does not pack it again and the digest stays the same.
  const packed = gzipSync(layer, { level: 6 });
  const config = JSON.stringify({
    architecture: "amd64",
    os: "linux",
    created: "1970-01-01T00:00:00Z",
    config: {
      User: spec.user,
      Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
      Entrypoint: spec.entrypoint,
      WorkingDir: "/",
      Labels: { "org.opencontainers.image.version": spec.version },
    },
    rootfs: { type: "layers", diff_ids: [`sha256:${sha(layer)}`] },
    history: [{ created: "1970-01-01T00:00:00Z", created_by: "grunnmur" }],
  });
  const configName = `sha256:${sha(config)}`;
  const layerName = `${sha(packed)}.tar.gz`;
  const manifest = JSON.stringify([{ Config: configName, RepoTags: [spec.ref], Layers: [layerName] }]);

  const archive = pack();
  add(archive, { name: configName }, config);
  add(archive, { name: layerName }, packed);
  add(archive, { name: "manifest.json" }, manifest);
  archive.finalize();
  await pipeline(archive, createWriteStream(output));
}

async function tarOf(entries: Entry[]): Promise<Buffer> {
  const archive = pack();
  const chunks: Buffer[] = [];
  archive.on("data", (chunk) => chunks.push(chunk as Buffer));
  const ended = new Promise<void>((resolve, reject) => archive.on("end", resolve).on("error", reject));

  const sorted = [...entries].sort((a, b) => (a.path < b.path ? -1 : 1));
  for (const directory of parents(sorted)) add(archive, { name: `${directory}/`, type: "directory", mode: 0o755 });
  for (const entry of sorted) {
    const name = entry.path;
    if ("linkTo" in entry) add(archive, { name, type: "symlink", linkname: entry.linkTo });
    else if ("directory" in entry) add(archive, { name: `${name}/`, type: "directory", mode: entry.mode });
    else add(archive, { name, mode: entry.mode ?? 0o755 }, "from" in entry ? readFileSync(entry.from) : entry.content);
  }
  archive.finalize();
  await ended;
  return Buffer.concat(chunks);
}

/** Every directory that the entries lie in and none of them is, shallow ones first. */
function parents(entries: Entry[]): string[] {
  const found = new Set<string>();
  for (const { path } of entries) {
    const parts = path.split("/");
    for (let depth = 1; depth < parts.length; depth += 1) found.add(parts.slice(0, depth).join("/"));
  }
  for (const entry of entries) if ("directory" in entry) found.delete(entry.path);
  return [...found].sort();
}

function add(
  archive: ReturnType<typeof pack>,
  headers: Partial<Header> & { name: string },
  content?: string | Buffer,
): void {
  const header = { ...headers, uid: 0, gid: 0, mtime: new Date(0) };
  if (content === undefined) archive.entry(header);
  else archive.entry(header, content);
}

function sha(data: string | Buffer): string {
  return createHash("sha256").update(data).digest("hex");
}
