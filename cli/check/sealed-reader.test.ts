import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { brotliCompressSync } from "node:zlib";
import { UserError } from "../terminal/user-error";
import { requireMachine, type SealedReader, withReader } from "./sealed-reader";

const place = mkdtempSync(join(tmpdir(), "sealed-reader-"));
after(() => rmSync(place, { recursive: true, force: true }));

/** Reads what it is asked, as who asks does not like to be left, and answers with the path from which it was started. */
const program = Buffer.from('#!/bin/sh\ncat >/dev/null\nprintf \'{"places":[{"file":"%s","line":1}]}\' "$0"\n');
const sealed: SealedReader = {
  sha256: createHash("sha256").update(program).digest("hex"),
  packed: brotliCompressSync(program).toString("base64"),
};

test("the reader runs from a directory that only this user can enter, and nothing is left of it", async () => {
  const path = await withReader(
    sealed,
    async (reader) => {
      const { file = "" } = reader.locate({ places: [] }).places[0] ?? {};
      assert.equal(dirname(dirname(file)), place);
      assert.equal(statSync(dirname(file)).mode & 0o777, 0o700);
      assert.equal(statSync(file).mode & 0o777, 0o500);
      return file;
    },
    place,
  );
  assert.notEqual(path, "");
  assert.deepEqual(readdirSync(place), []);
});

test("nothing is left of it where the work fails", async () => {
  await assert.rejects(
    withReader(sealed, () => Promise.reject(new Error("broken")), place),
    /broken/,
  );
  assert.deepEqual(readdirSync(place), []);
});

test("another program than it was made with is not started", async () => {
  const other = { ...sealed, packed: brotliCompressSync("#!/bin/sh\ntouch ran\n").toString("base64") };
  const cut = { ...sealed, packed: sealed.packed.slice(0, 20) };
  for (const wrong of [other, cut])
    await assert.rejects(
      withReader(wrong, () => assert.fail("it was unpacked"), place),
      (error: Error) => error instanceof UserError && /this file is damaged/.test(error.message),
    );
});

test("it is not unpacked where others could exchange it, nor where there is no directory", async () => {
  const open = join(place, "open");
  mkdirSync(open);
  const tried = (where: string) => withReader(sealed, async () => "done", where);
  chmodSync(open, 0o777);
  await assert.rejects(tried(open), /may be changed by others; set TMPDIR/);
  chmodSync(open, 0o1777);
  assert.equal(await tried(open), "done");
  await assert.rejects(tried(join(place, "none")), /is no directory; set TMPDIR/);
  rmSync(open, { recursive: true });
});

test("on another machine it says what there is instead", () => {
  requireMachine("linux", "x64");
  for (const [platform, arch] of [
    ["linux", "arm64"],
    ["darwin", "x64"],
  ] as const)
    assert.throws(() => requireMachine(platform, arch), new RegExp(`this is ${platform} on ${arch}.*container`));
});
