import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { afterEach, beforeEach, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { extract, type Header } from "tar-stream";
import { type ImageSpec, writeImage } from "./image";

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "grunnmur-image-"));
  writeFileSync(join(dir, "program"), "binary");
});

afterEach(() => rmSync(dir, { recursive: true, force: true }));

const spec = (): ImageSpec => ({
  ref: "registry.example/tool:v1.0.0",
  entries: [
    { path: "usr/local/bin/tool", from: join(dir, "program") },
    { path: "tmp", directory: true, mode: 0o1777 },
    { path: "etc/passwd", content: "root:x:0:0\n", mode: 0o644 },
    { path: "lib", linkTo: "usr/lib" },
  ],
  entrypoint: ["/usr/local/bin/tool"],
  user: "65534:65534",
  version: "1.0.0",
});

async function read(tar: Buffer): Promise<Map<string, { header: Header; content: Buffer }>> {
  const found = new Map<string, { header: Header; content: Buffer }>();
  const archive = extract();
  archive.end(tar);
  for await (const entry of archive)
    found.set(entry.header.name, { header: entry.header, content: await buffer(entry) });
  return found;
}

test("the same content gives the same file", async () => {
  await writeImage(spec(), join(dir, "one.tar"));
  writeFileSync(join(dir, "program"), "binary"); // a new time on the file must not show
  const other = spec();
  other.entries.reverse();
  await writeImage(other, join(dir, "two.tar"));
  assert.deepEqual(readFileSync(join(dir, "one.tar")), readFileSync(join(dir, "two.tar")));
});

test("the manifest leads to a configuration and a layer whose digests hold", async () => {
  await writeImage(spec(), join(dir, "image.tar"));
  const files = await read(readFileSync(join(dir, "image.tar")));
  const [manifest] = JSON.parse(files.get("manifest.json")?.content.toString() ?? "");
  assert.deepEqual(manifest.RepoTags, ["registry.example/tool:v1.0.0"]);

  const config = JSON.parse(files.get(manifest.Config)?.content.toString() ?? "");
  assert.equal(`${config.os}/${config.architecture}`, "linux/amd64");
  assert.deepEqual(config.config.Entrypoint, ["/usr/local/bin/tool"]);
  assert.equal(config.config.User, "65534:65534");
  assert.match(config.config.Env[0], /^PATH=.*\/usr\/local\/bin/);

  const layer = gunzipSync(files.get(manifest.Layers[0])?.content ?? Buffer.alloc(0));
  assert.deepEqual(config.rootfs.diff_ids, [`sha256:${createHash("sha256").update(layer).digest("hex")}`]);
});

test("the layer holds every directory, mode and link, owned by root", async () => {
  await writeImage(spec(), join(dir, "image.tar"));
  const files = await read(readFileSync(join(dir, "image.tar")));
  const [, packed] = [...files].find(([name]) => name.endsWith(".tar.gz")) ?? [];
  const layer = await read(gunzipSync(packed?.content ?? Buffer.alloc(0)));
  const modes = Object.fromEntries([...layer].map(([name, { header }]) => [name, (header.mode ?? 0).toString(8)]));
  assert.deepEqual(modes, {
    "etc/": "755",
    "usr/": "755",
    "usr/local/": "755",
    "usr/local/bin/": "755",
    "etc/passwd": "644",
    lib: modes.lib,
    "tmp/": "1777",
    "usr/local/bin/tool": "755",
  });
  assert.equal(layer.get("lib")?.header.linkname, "usr/lib");
  assert.equal(layer.get("usr/local/bin/tool")?.content.toString(), "binary");
  for (const { header } of layer.values()) {
    assert.deepEqual([header.uid, header.gid, header.mtime?.getTime()], [0, 0, 0], header.name);
  }
});
