import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { request } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { certificateAuthority, issue } from "../keys/certificates";
import { basicAuth } from "./credentials";
import { authorisingProxy } from "./haproxy";

const users = {
  node: { username: "node", password: "n" },
  ci: { username: "ci", password: "c" },
  platform: { username: "platform", password: "p" },
};
const authority = certificateAuthority(Buffer.alloc(32, 1).toString("base64"), "CA", "2026-01-01T00:00:00Z");
const missing = spawnSync("haproxy", ["-v"]).error && "no haproxy here";
const folder = mkdtempSync(join(tmpdir(), "grunnmur-proxy-"));
// No port: any that is free now may be another's by the time that haproxy takes it.
const socketPath = join(folder, "proxy.sock");
/** The content types that reached the registry. */
const forms: (string | undefined)[] = [];
let registry: Server;
let proxy: ChildProcess;

before(async () => {
  if (missing) return;
  registry = createServer((request, response) => {
    forms.push(request.headers["content-type"]);
    response.end("registry");
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => registry.once("listening", resolve));
  const leaf = issue(Buffer.alloc(32, 2).toString("base64"), authority, "2026-01-01T00:00:00Z", {
    commonName: "registry",
    usage: "server",
    ipAddresses: ["127.0.0.1"],
    validDays: 36500,
  });
  writeFileSync(join(folder, "registry.pem"), leaf.certificate + leaf.privateKey);
  const config = authorisingProxy([users], "team-a")
    .replace("bind :443", `bind ${socketPath}`)
    .replace("/etc/haproxy/registry.pem", join(folder, "registry.pem"))
    .replace("127.0.0.1:5000", `127.0.0.1:${(registry.address() as AddressInfo).port}`);
  writeFileSync(join(folder, "haproxy.cfg"), config);
  proxy = spawn("haproxy", ["-db", "-q", "-f", join(folder, "haproxy.cfg")], { stdio: "inherit" });
  await listening();
});

after(() => {
  proxy?.kill();
  registry?.close();
  rmSync(folder, { recursive: true });
});

async function listening(): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(socketPath, () => resolve(true)).on("error", () => resolve(false));
      socket.on("close", () => undefined).setTimeout(1000, () => socket.destroy());
      socket.once("connect", () => socket.end());
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`haproxy does not listen on ${socketPath}`);
}

function ask(
  who: keyof typeof users | "nobody",
  method: string,
  path: string,
  { body = "", ...extra }: Record<string, string> = {},
): Promise<number> {
  const headers = who === "nobody" ? extra : { ...extra, authorization: basicAuth(users[who]) };
  return new Promise((resolve, reject) => {
    request({ host: "127.0.0.1", socketPath, method, path, headers, ca: authority.certificate }, (response) => {
      response.resume().on("end", () => resolve(response.statusCode ?? 0));
    })
      .on("error", reject)
      .end(body);
  });
}

const uploads = "/v2/team-a/x/blobs/uploads/";
const digest = "sha256:00";

const cases: [keyof typeof users | "nobody", string, string, number][] = [
  ["nobody", "GET", "/v2/", 401],
  ["nobody", "GET", "/v2/team-a/x/manifests/1", 401],
  ["node", "GET", "/v2/mirror/registry.k8s.io/pause/manifests/3.10", 200],
  ["node", "HEAD", "/v2/team-a/x/blobs/sha256:00", 200],
  ["node", "PUT", "/v2/team-a/x/manifests/1", 403],
  ["node", "POST", "/v2/team-a/x/blobs/uploads/", 403],
  ["node", "DELETE", "/v2/team-a/x/manifests/1", 403],
  ["ci", "GET", "/v2/", 200],
  ["ci", "PUT", "/v2/team-a/x/manifests/1", 200],
  ["ci", "GET", "/v2/team-b/x/manifests/1", 403],
  ["ci", "PUT", "/v2/team-b/x/manifests/1", 403],
  ["ci", "PUT", "/v2/team-ab/x/manifests/1", 403],
  ["ci", "GET", "/v2/mirror/registry.k8s.io/pause/manifests/3.10", 403],
  ["ci", "GET", "/v2/_catalog", 403],
  ["ci", "GET", "/v2/mirror/grunnmur/check/manifests/current", 200],
  ["ci", "HEAD", "/v2/mirror/grunnmur/check/blobs/sha256:00", 200],
  ["ci", "PUT", "/v2/mirror/grunnmur/check/manifests/current", 403],
  ["ci", "POST", "/v2/mirror/grunnmur/check/blobs/uploads/", 403],
  ["ci", "DELETE", "/v2/mirror/grunnmur/check/manifests/current", 403],
  ["ci", "GET", "/v2/mirror/grunnmur/kubernetes/manifests/v1", 403],
  ["ci", "GET", "/v2/mirror/grunnmur/checks/manifests/current", 403],
  ["ci", "POST", `${uploads}?mount=${digest}&from=mirror/grunnmur/check`, 403],
  ["nobody", "GET", "/v2/mirror/grunnmur/check/manifests/current", 401],
  ["ci", "POST", uploads, 200],
  ["ci", "POST", `${uploads}?`, 200],
  ["ci", "PATCH", `${uploads}6f2c?_state=aGVp%3D`, 200],
  ["ci", "PUT", `${uploads}6f2c?_state=aGVp%3D&digest=sha256%3A00`, 200],
  ["ci", "POST", `${uploads}?mount=${digest}`, 200],
  ["ci", "POST", `${uploads}?mount=${digest}&from=team-a/y`, 200],
  ["ci", "POST", `${uploads}?from=team-a%2Fbase%2Fy&mount=sha256%3A00&origin=registry.example.no`, 200],
  ["ci", "POST", `${uploads}?mount=${digest}&from=team-b/x`, 403],
  ["ci", "POST", `${uploads}?mount=${digest}&from=team-ab/x`, 403],
  ["ci", "POST", `${uploads}?mount=${digest}&%66rom=team-b/x`, 403],
  ["ci", "POST", `${uploads}?mount=${digest}&from=team-a/y&from=team-b/x`, 403],
  ["ci", "POST", `${uploads}?mount=${digest}&from=team-b/x&from=team-a/y`, 403],
  ["ci", "POST", `${uploads}?mount=${digest}&from=team-b/x%26from=team-a/y`, 403],
  ["ci", "POST", `${uploads}?mount=${digest}&from=team-a/../team-b/x`, 403],
  ["ci", "POST", `${uploads}?mount=${digest}&from=team-a%252Fy`, 403],
  ["ci", "POST", `${uploads}?mount=${digest};from=team-b/x`, 403],
  ["ci", "POST", `${uploads}?mount=${digest}&from=mirror/registry.k8s.io/pause`, 403],
  ["ci", "DELETE", "/v2/team-a/x/manifests/1", 403],
  ["ci", "DELETE", "/v2/team-a/x/blobs/sha256:00", 403],
  ["ci", "PUT", "/v2/team-a%2f..%2fteam-b/x/manifests/1", 400],
  ["ci", "PUT", "/v2/./team-a/x/manifests/1", 400],
  ["node", "PATCH", "/v2/team-a/x/blobs/uploads/6f2c", 403],
  ["ci", "PUT", "/v2/team-a/../team-b/x/manifests/1", 400],
  ["ci", "PUT", "/v2/team-a/%2e%2e/team-b/x/manifests/1", 400],
  ["ci", "PUT", "/v2//team-a/x/manifests/1", 400],
  ["platform", "PUT", "/v2/mirror/registry.k8s.io/pause/manifests/3.10", 200],
];
for (const [who, method, path, status] of cases) {
  test(`${who} ${method} ${path} is answered ${status}`, { skip: missing }, async () => {
    assert.equal(await ask(who, method, path), status);
  });
}

test("a form in the body is no form to the registry", { skip: missing }, async () => {
  const form = { "content-type": "application/x-www-form-urlencoded", body: `mount=${digest}&from=team-b/x` };
  assert.equal(await ask("ci", "POST", uploads, form), 200);
  assert.equal(forms.at(-1), undefined);
  await ask("ci", "PUT", "/v2/team-a/x/manifests/1", { "content-type": "application/vnd.oci.image.manifest.v1+json" });
  assert.equal(forms.at(-1), "application/vnd.oci.image.manifest.v1+json");
});

test("no password stands in the configuration", () => {
  const secret = { username: "node", password: "a-very-secret-word" };
  const config = authorisingProxy([{ node: secret, ci: secret, platform: secret }], "");
  assert.ok(!config.includes("a-very-secret-word") && !config.includes(basicAuth(secret)));
});

test("without a prefix CI may push anywhere but into the mirror", () => {
  const config = authorisingProxy([users], "");
  assert.match(config, /acl ci_path {4}path_beg \/v2\/\n/);
  assert.match(config, /if ci system !check_path\n/);
  const [, query = ""] = config.match(/acl own_query .* -m reg (.*)/) ?? [];
  assert.match("mount=sha256:00&from=team-b/x", new RegExp(query));
  assert.match(config, /if ci { method POST } from_system\n/);
});
