import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { repositoryPath, repositoryRoot } from "../lib/places";

test("a result that is longer than a pipe holds comes out whole, also where the reader is slow", async () => {
  const directory = mkdtempSync(join(tmpdir(), "grunnmur-main-"));
  try {
    const pods = Array.from({ length: 200 }, (_none, index) => {
      const spec = { containers: [{ name: "app", image: "app" }] };
      return JSON.stringify({
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: `p${index}`, namespace: "shop" },
        spec,
      });
    });
    writeFileSync(join(directory, "pods.yaml"), pods.join("\n---\n"));
    const main = repositoryPath("cli", "main.ts");
    const child = spawn(process.execPath, ["--import", "tsx", main, "check", "--format", "json", directory], {
      cwd: repositoryRoot(),
      stdio: ["ignore", "pipe", "inherit"],
    });
    const chunks: Buffer[] = [];
    let waited = false;
    child.stdout.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      if (waited) return;
      // By now the pipe is full again, and the program has nothing left to do.
      waited = true;
      child.stdout.pause();
      setTimeout(() => child.stdout.resume(), 1500);
    });
    await new Promise((resolve) => child.once("close", resolve));
    const { violations } = JSON.parse(Buffer.concat(chunks).toString("utf8")) as { violations: { name: string }[] };
    assert.equal(new Set(violations.map(({ name }) => name)).size, pods.length);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
