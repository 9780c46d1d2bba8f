import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import { answer } from "./server.js";

async function asked(path, method = "GET") {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    return await fetch(`http://127.0.0.1:${server.address().port}${path}`, { method });
  } finally {
    server.close();
  }
}

test("healthz is ok", async () => {
  const response = await asked("/healthz");
  assert.deepEqual([response.status, await response.text()], [200, "ok\n"]);
});

test("version names the service", async () => {
  assert.deepEqual(await (await asked("/version")).json(), { service: "payment-service", version: "development" });
});

test("other paths and methods are refused", async () => {
  for (const [method, path, status] of [
    ["GET", "/", 200],
    ["GET", "/nothing", 404],
    ["GET", "/constructor", 404],
    ["POST", "/healthz", 405],
  ]) {
    assert.equal((await asked(path, method)).status, status, `${method} ${path}`);
  }
});

test("it ends without error when it is asked to", async () => {
  const script = "import('./server.js').then(({ serve }) => serve(0))";
  const child = spawn(process.execPath, ["--eval", script], { cwd: import.meta.dirname, stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  child.kill("SIGTERM");
  assert.deepEqual(await once(child, "exit"), [0, null]);
});
