import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json, text } from "node:stream/consumers";
import { after, before, beforeEach, test } from "node:test";
import { payload } from "../payload";
import { deployKeyScript, tokenHeader } from "./sync-agent";

interface DeployKey {
  id: number;
  title: string;
  key: string;
  can_push: boolean;
}

const ours = "ssh-ed25519 AAAAours";
const token = "glpat-very-secret";
const others = Array.from({ length: 130 }, (_, i) => ({
  id: i + 1,
  title: `key ${i}`,
  key: `ssh-ed25519 AAAA${i} somebody`,
  can_push: true,
}));
const quoted = 'a"b\\c';
let held: DeployKey[];
let valid = token;

const gitLab = createServer(async (request, response) => {
  const answer = (status: number, value?: unknown) => response.writeHead(status).end(JSON.stringify(value));
  const { pathname, searchParams } = new URL(request.url ?? "", "http://gitlab");
  const [, id] = /^\/api\/v4\/projects\/7\/deploy_keys(?:\/(\d+))?$/.exec(pathname) ?? assert.fail(pathname);
  if (request.headers["private-token"] !== valid) return answer(401, {});
  if (request.method === "GET") {
    const size = Math.min(100, Number(searchParams.get("per_page") ?? 20));
    const start = (Number(searchParams.get("page") ?? 1) - 1) * size;
    return answer(200, held.slice(start, start + size));
  }
  if (request.method === "DELETE") {
    held = held.filter((key) => key.id !== Number(id));
    return answer(204);
  }
  held.push({ ...((await json(request)) as DeployKey), id: 1000 });
  return answer(201, {});
});

before(async () => {
  await new Promise<void>((resolve) => gitLab.listen(0, "127.0.0.1", resolve));
});
after(() => gitLab.close());
beforeEach(() => {
  held = [...others];
  valid = token;
});

async function run(which: "register" | "remove"): Promise<{ code: number; stdout: string; stderr: string }> {
  const stdin = await payload([
    { path: "header", content: tokenHeader(valid === quoted ? quoted : token), mode: 0o600 },
    { path: "key.pub", content: `${ours} cluster\n` },
  ]);
  const env = {
    ...process.env,
    GITLAB: `http://127.0.0.1:${(gitLab.address() as AddressInfo).port}`,
    PROJECT: "7",
    TITLE: "grunnmur prod",
  };
  const child = spawn("bash", ["-c", deployKeyScript(which)], { env });
  child.stdin.end(stdin);
  const [stdout, stderr, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number>((resolve) => child.on("close", (status) => resolve(status ?? -1))),
  ]);
  return { code, stdout, stderr };
}

const related = () => held.filter(({ title, key }) => title === "grunnmur prod" || key.startsWith(ours));

test("the key is registered once, without the right to push", async () => {
  assert.equal((await run("register")).code, 0);
  assert.deepEqual(related(), [{ id: 1000, title: "grunnmur prod", key: ours, can_push: false }]);
  assert.match((await run("register")).stdout, /already/);
  assert.equal(held.length, others.length + 1);
});

test("keys beyond GitLab's first hundred are seen", async () => {
  held.push({ id: 500, title: "grunnmur prod", key: "ssh-ed25519 AAAAold", can_push: false });
  held.push({ id: 501, title: "by hand", key: `${ours} cluster`, can_push: true });
  assert.equal((await run("register")).code, 0);
  assert.deepEqual(related(), [{ id: 1000, title: "grunnmur prod", key: ours, can_push: false }]);
});

test("the key is removed, and no other", async () => {
  held.push({ id: 500, title: "renamed", key: `${ours} cluster`, can_push: false });
  assert.equal((await run("remove")).code, 0);
  assert.deepEqual(held, others);
  assert.equal((await run("remove")).code, 0);
});

test("a token that is no longer valid stops a registration, and only a warning follows at the end", async () => {
  valid = "another";
  const registration = await run("register");
  assert.notEqual(registration.code, 0);
  assert.match(registration.stderr, /answered 401.*scope 'api'/);
  const removal = await run("remove");
  assert.equal(removal.code, 0);
  assert.match(removal.stderr, /'grunnmur prod' may still be registered in project 7/);
  assert.ok(!JSON.stringify([registration, removal]).includes(token));
});

test("a token with quotes reaches GitLab as it is, and one with a line break is refused without being shown", async () => {
  valid = quoted;
  assert.equal((await run("register")).code, 0);
  assert.throws(
    () => tokenHeader(`${token}\nurl = x`),
    (error: Error) => /line break/.test(error.message) && !error.message.includes(token),
  );
});
