import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { DigestMismatch, download, publishedDigest, Unavailable } from "./download";

const content = Buffer.alloc(200_000, "grunnmur ");
const digest = createHash("sha256").update(content).digest("hex");
const wrong = "0".repeat(64);

let server: Server;
let site: string;
let folder: string;
let published: string;
/** What the clients asked for, as "path" or "path from byte". */
let asked: string[];

before(async () => {
  server = createServer((request, response) => {
    const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
    asked.push(from > 0 ? `${request.url} from ${from}` : `${request.url}`);
    if (request.url === "/tool.sha256") response.end(published);
    else if (request.url !== "/tool") response.writeHead(404).end();
    else if (from >= content.length) response.writeHead(416).end();
    else if (from > 0)
      response
        .writeHead(206, { "Content-Range": `bytes ${from}-${content.length - 1}/${content.length}` })
        .end(content.subarray(from));
    else response.end(content);
  });
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  site = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

after(() => server.close());

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "grunnmur-download-"));
  published = `${digest}  tool\n`;
  asked = [];
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const wanted = () => ({ url: `${site}/tool`, checksums: `${site}/tool.sha256` });

test("downloads a file whose digest is the published one", async () => {
  assert.deepEqual(readFileSync(await download(wanted(), folder)), content);
  assert.deepEqual(asked, ["/tool.sha256", "/tool"]);
});

test("a wrong digest stops with both digests and keeps nothing", async () => {
  published = wrong;
  await assert.rejects(download(wanted(), folder), (error: Error) => {
    assert.ok(error instanceof DigestMismatch);
    assert.match(error.message, new RegExp(`${wrong}[^]*${digest}`));
    return true;
  });
  assert.ok(!existsSync(join(folder, "tool")));
});

test("the lock's own digest holds even where the site publishes another file consistently", async () => {
  await assert.rejects(download({ ...wanted(), sha256: wrong }, folder), /the lock says 0{64}/);
});

test("continues what an interrupted run left", async () => {
  writeFileSync(join(folder, "tool.part"), content.subarray(0, 150_000));
  assert.deepEqual(readFileSync(await download(wanted(), folder)), content);
  assert.deepEqual(asked, ["/tool.sha256", "/tool from 150000"]);
});

test("starts over where what was left belongs to another file", async () => {
  writeFileSync(join(folder, "tool.part"), Buffer.alloc(150_000, "x"));
  assert.deepEqual(readFileSync(await download(wanted(), folder)), content);
  assert.deepEqual(asked, ["/tool.sha256", "/tool from 150000", "/tool"]);
});

test("starts over where what was left is already longer than the file", async () => {
  writeFileSync(join(folder, "tool.part"), Buffer.alloc(300_000, "x"));
  assert.deepEqual(readFileSync(await download(wanted(), folder)), content);
});

test("what a site has not got is unavailable, not broken", async () => {
  const missing = download({ url: `${site}/missing`, sha256: digest }, folder);
  await assert.rejects(missing, (error) => error instanceof Unavailable && error.siteAnswered);
});

test("a site that does not answer is unavailable", async () => {
  const silent = download({ url: "http://127.0.0.1:1/tool", sha256: digest }, folder);
  await assert.rejects(silent, (error) => error instanceof Unavailable && !error.siteAnswered);
});

test("a file without any digest is refused", async () => {
  await assert.rejects(download({ url: `${site}/tool` }, folder), /no digest/);
});

test("finds a file's digest in a published list", () => {
  const url = "https://example.org/tool.tgz";
  const other = "1".repeat(64);
  assert.equal(publishedDigest(`${other}  other.tgz\n${digest} *tool.tgz\n`, { url }), digest);
  assert.equal(publishedDigest(digest, { url }), digest);
  assert.throws(
    () => publishedDigest(`${other}  other.tgz\n`, { url, checksums: "the list" }),
    /the list names no SHA-256 for tool.tgz/,
  );
  assert.throws(() => publishedDigest("<html>", { url }), /names no SHA-256/);
});
