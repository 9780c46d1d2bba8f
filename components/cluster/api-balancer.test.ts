import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, get } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { certificateAuthority, issue } from "../keys/certificates";
import { kvm } from "../pace";
import { nodeFiles } from "./node-files";

const skip = spawnSync("haproxy", ["-v"]).error && "no haproxy here";
const seed = Buffer.alloc(32, 5).toString("base64");
const now = new Date().toISOString();
const { certificate, privateKey } = issue(seed, certificateAuthority(seed, "kubernetes", now), now, {
  commonName: "kube-apiserver",
  usage: "server",
  validDays: 1,
});

/** An API server that is or is not ready, and says its name. */
async function apiServer(t: TestContext, name: string) {
  const state = { ready: true, name, port: 0 };
  const server = createServer({ cert: certificate, key: privateKey }, ({ url }, response) => {
    if (url === "/readyz") response.writeHead(state.ready ? 200 : 500);
    response.end(name);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  state.port = (server.address() as AddressInfo).port;
  return state;
}

async function balancer(t: TestContext, servers: { name: string; port: number }[]): Promise<() => Promise<string>> {
  const network = { cidr: "10.20.0.0/24", podCidr: "10.244.0.0/16", serviceCidr: "10.96.0.0/16" };
  const planes = servers.map(({ name }, index) => ({ name, address: `10.20.0.1${index}` }));
  const files = nodeFiles(
    { ...network, gateway: "10.20.0.1", dnsServers: [], ntpServers: [] },
    "10.20.0.11",
    planes,
    planes,
    kvm,
  );
  let text = files.find(({ path }) => path === "/etc/haproxy/haproxy.cfg")?.content ?? "";
  servers.forEach(({ port }, index) => {
    text = text.replaceAll(`10.20.0.1${index}:6443`, `127.0.0.1:${port}`);
  });
  const folder = mkdtempSync(join(tmpdir(), "balancer-"));
  const port = 20000 + Math.floor(Math.random() * 20000);
  // As any user, at another port, and quicker.
  const file = join(folder, "haproxy.cfg");
  writeFileSync(
    file,
    text
      .replace(/^ {2}(user|group|chroot) .*\n/gm, "")
      .replace(":7443", `:${port}`)
      .replaceAll("inter 3s", "inter 50ms"),
  );
  const child = spawn("haproxy", ["-f", file], { stdio: "ignore" });
  t.after(() => {
    child.kill();
    rmSync(folder, { recursive: true });
  });
  return () =>
    new Promise((resolve) => {
      const request = get(
        { host: "127.0.0.1", port, path: "/", rejectUnauthorized: false, agent: false },
        (response) => {
          let body = "";
          response.on("data", (data) => {
            body += data;
          });
          response.on("end", () => resolve(body));
        },
      );
      request.on("error", () => resolve("nobody"));
    });
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!(await holds())) {
    assert.ok(performance.now() < deadline, "not within 20 s");
    await sleep(50);
  }
}

test("who is not ready is asked nothing, unless nobody is", { skip }, async (t) => {
  const servers = await Promise.all(["control-1", "control-2", "control-3"].map((name) => apiServer(t, name)));
  const ask = await balancer(t, servers);
  await until(async () => (await ask()) !== "nobody");
  const [first, ...others] = servers;
  assert.ok(first);
  first.ready = false;
  // Often enough that by turns it would have been its own.
  const answers = async () => new Set(await Promise.all(Array.from({ length: 9 }, ask)));
  await until(async () => !(await answers()).has("control-1"));
  for (const server of others) server.ready = false;
  await until(async () => (await answers()).has("control-1"));
  assert.ok(!(await answers()).has("nobody"));
});
