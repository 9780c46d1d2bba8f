import assert from "node:assert/strict";
import { test } from "node:test";
import { refuseLongPath } from "./socket-path";

test("a directory too long for a Unix socket is refused with the figure", () => {
  const longest = `/${"d".repeat(107 - "/libvirt/run/libvirt-sock".length - 1)}`;
  refuseLongPath(longest);
  assert.throws(() => refuseLongPath(`${longest}d`), /has 108 bytes where Linux allows 107: set GRUNNMUR_HOME/);
  // Linux counts bytes.
  assert.throws(() => refuseLongPath(longest.replace("dd", "æd")), /108 bytes/);
});
