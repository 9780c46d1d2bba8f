import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { onRoot, payload } from "./payload";

const files = [
  { path: "/etc/hosts", content: "127.0.0.1 localhost\n" },
  { path: "secret", content: "æøå", mode: 0o600 },
];

test("tar reads the files back with their modes", async () => {
  const archive = Buffer.from(await payload(files), "base64");
  const listing = execFileSync("tar", ["-tv", "--numeric-owner"], { input: archive }).toString();
  assert.match(listing, /-rw-r--r-- 0\/0 +20 1970-01-01 .* etc\/hosts\n-rw------- 0\/0 +6 .* secret/);
  assert.equal(execFileSync("tar", ["-xO", "secret"], { input: archive }).toString(), "æøå");
});

test("the same files give the same text, so that a preview shows no change", async () => {
  assert.equal(await payload(files), await payload(files));
});

test("a machine's files stand under rootfs", () => {
  assert.deepEqual(onRoot([{ path: "/etc/hosts", content: "" }]), [{ path: "rootfs/etc/hosts", content: "" }]);
});
