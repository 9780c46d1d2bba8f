import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { sha256 } from "../lib/digest";
import { DigestMismatch } from "../lib/download";
import type { Work } from "../lib/store";
import { takeReleases } from "./tool";

let dir: string;
let work: Work;
let server: Server;
let site: string;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "grunnmur-release-"));
  for (const name of ["site", "work", "work/bin", "tree", "tree/tool-v1.2.3"]) mkdirSync(join(dir, name));
  work = { dir: join(dir, "work"), downloads: join(dir, "downloads"), of: () => "", beat: () => {}, note: () => {} };
  server = createServer((request, response) => {
    try {
      response.end(readFileSync(join(dir, "site", request.url ?? "")));
    } catch {
      response.writeHead(404).end();
    }
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  site = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  writeFileSync(join(dir, "tree", "tool-v1.2.3", "tool"), "program");
  writeFileSync(join(dir, "site", "bare-1.2.3"), "bare program");
  execFileSync("tar", ["-czf", join(dir, "site", "tool-1.2.3.tar.gz"), "-C", join(dir, "tree"), "tool-v1.2.3"]);
});

afterEach(() => {
  server.close();
  rmSync(dir, { recursive: true, force: true });
});

async function publish(file: string, digest?: string): Promise<void> {
  const real = await sha256(join(dir, "site", file));
  writeFileSync(join(dir, "site", `${file}.sha256`), `${digest ?? real}  ${file}\n`);
}

test("takes binaries out of an archive and as they are", async () => {
  await publish("tool-1.2.3.tar.gz");
  await publish("bare-1.2.3");
  const archive = {
    url: `${site}/tool-{version}.tar.gz`,
    checksums: "{url}.sha256",
    take: { tool: "tool-v{version}/tool" },
  };
  const bare = { url: `${site}/bare-{version}`, checksums: "{url}.sha256", take: { bare: "." } };
  await takeReleases("1.2.3", [archive, bare], work);
  assert.deepEqual(readdirSync(join(work.dir, "bin")).sort(), ["bare", "tool"]);
  assert.equal(readFileSync(join(work.dir, "bin", "tool"), "utf8"), "program");
  assert.equal(statSync(join(work.dir, "bin", "bare")).mode & 0o777, 0o755);
});

test("an archive that was exchanged is not unpacked", async () => {
  await publish("tool-1.2.3.tar.gz", "a".repeat(64));
  const archive = { url: `${site}/tool-1.2.3.tar.gz`, checksums: "{url}.sha256", take: { tool: "tool-v1.2.3/tool" } };
  await assert.rejects(takeReleases("1.2.3", [archive], work), DigestMismatch);
  assert.deepEqual(readdirSync(join(work.dir, "bin")), []);
});
