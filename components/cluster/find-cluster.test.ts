import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createTlsServer } from "node:https";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, test } from "node:test";
import { certificateAuthority, issue } from "../keys/certificates";
import { script } from "../script";

// Peers are addresses of the loopback network, each with the ports of a machine.

const seed = Buffer.alloc(32, 5).toString("base64");
const issuedAt = new Date().toISOString();
const authority = certificateAuthority(seed, "kubernetes", issuedAt);
const folder = mkdtempSync(join(tmpdir(), "find-cluster-"));
const caFile = join(folder, "ca.crt");
writeFileSync(caFile, authority.certificate);
const SSH = 10022;
const empty = "127.77.0.1";
const other = "127.77.0.2";
const silent = "127.77.0.3";

let open: Server[] = [];
afterEach(() => {
  for (const server of open) server.close();
  open = [];
});
after(() => rmSync(folder, { recursive: true }));

async function listen(server: Server, address: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, address, resolve));
  open.push(server);
}

async function machine(address: string, ...ports: number[]): Promise<void> {
  for (const port of [SSH, ...ports])
    await listen(
      createServer((socket) => socket.end()),
      address,
      port,
    );
}

/** `status` is asked anew for each answer. */
async function apiServer(address: string, status: () => number): Promise<void> {
  const { certificate, privateKey } = issue(seed, authority, issuedAt, {
    commonName: "kube-apiserver",
    usage: "server",
    ipAddresses: [address],
    validDays: 1,
  });
  const server = createTlsServer({ cert: certificate, key: privateKey }, (_, response) => {
    response.writeHead(status()).end();
  });
  await listen(server, address, 6443);
}

function decide(peers: string[], patience = 0): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const env = { ...process.env, SSH_PORT: String(SSH), PATIENCE: String(patience) };
    const child = spawn("bash", ["-c", script("cluster/scripts/find-cluster.sh"), "find-cluster", caFile], { env });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (data) => {
      stdout += data;
    });
    child.stderr.on("data", (data) => {
      stderr += data;
    });
    child.on("close", (code) => resolve({ code, stdout: stdout.trim(), stderr }));
    child.stdin.end(peers.map((peer) => `${peer}\n`).join(""));
  });
}

test("alone, it makes the cluster", async () => {
  assert.deepEqual(await decide([]), { code: 0, stdout: "init", stderr: "" });
});

test("beside machines that answer and run nothing of a cluster, it makes the cluster", async () => {
  await machine(empty);
  await machine(other);
  assert.equal((await decide([empty, other])).stdout, "init");
});

test("it joins where an API server answers, whatever the other peer does", async () => {
  await machine(other);
  await apiServer(other, () => 200);
  assert.equal((await decide([silent, other])).stdout, "join");
});

for (const [what, ports] of [
  ["a kubelet", [10250]],
  ["etcd", [2379, 2380]],
] as const) {
  test(`beside ${what} without an API server that answers it makes no second cluster`, async () => {
    await machine(empty);
    await machine(other, ...ports);
    const { code, stdout, stderr } = await decide([empty, other]);
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(stderr, /control plane 127\.77\.0\.2 neither serves nor is an empty machine/);
  });
}

test("an API server that is not ready is waited for, and joined", async () => {
  const answers = [500, 500, 200];
  await machine(other);
  await apiServer(other, () => answers.shift() ?? 200);
  assert.equal((await decide([other], 60)).stdout, "join");
  assert.deepEqual(answers, []);
});

test("a peer that cannot be reached may hold the cluster", async () => {
  const { code, stderr } = await decide([silent]);
  assert.equal(code, 1);
  assert.match(stderr, /127\.77\.0\.3/);
});
