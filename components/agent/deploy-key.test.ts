import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, beforeEach, describe, test } from "node:test";
import { deployKeyInput, deployKeyScript, type GitHost } from "./deploy-key";
import { type Answer, dialects, type Fault, GitHostDouble, type HeldKey } from "./git-host-double";

const ours = "ssh-ed25519 AAAAours";
const token = "very-secret";
const title = "grunnmur prod";
/** Keys that look like this stack's, and are not. */
const others: HeldKey[] = [
  { id: 1, title: "grunnmur prod-2", key: "ssh-ed25519 AAAAours2", readOnly: true },
  { id: 2, title: "grunnmur", key: "ssh-ed25519 AAAAour somebody", readOnly: false },
  { id: 3, title: "GRUNNMUR PROD", key: "ssh-ed25519 aaaaours", readOnly: true },
];
const many = Array.from({ length: 230 }, (_, i): HeldKey => {
  return { id: 10 + i, title: `key ${i}`, key: `ssh-ed25519 AAAA${i} somebody`, readOnly: i % 2 === 0 };
});
const old: HeldKey = { id: 500, title, key: "ssh-ed25519 AAAAold", readOnly: true };

interface Run {
  code: number;
  stdout: string;
  stderr: string;
}

async function run(
  host: GitHostDouble,
  which: "register" | "remove",
  {
    given = token,
    as = title,
    path = process.env.PATH,
  }: { given?: string; as?: string; path?: string | undefined } = {},
): Promise<Run> {
  const stdin = await deployKeyInput(host.kind, `${ours} cluster\n`, given);
  const env = { ...process.env, PATH: path, URL: host.url, PROJECT: String(host.dialect.project), TITLE: as };
  const child = spawn("bash", ["-c", deployKeyScript(host.kind, which)], { env });
  child.stdin.end(stdin);
  const [stdout, stderr, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number>((resolve) => child.on("close", (status) => resolve(status ?? -1))),
  ]);
  return { code, stdout, stderr };
}

const only =
  (method: string, answer: Answer): Fault =>
  (request) =>
    request.method === method ? answer : undefined;

for (const kind of Object.keys(dialects) as GitHost["kind"][]) {
  describe(kind, () => {
    const host = new GitHostDouble(kind);
    before(() => host.start());
    after(() => host.stop());
    beforeEach(() => {
      host.held = [...others];
      host.elsewhere = [];
      host.token = token;
      host.changes = [];
      host.fault = () => undefined;
    });

    const related = () => host.held.filter((key) => !others.includes(key)).map(({ id: _, ...key }) => key);
    const registered = [{ title, key: ours, readOnly: true }];

    async function fails(which: "register" | "remove", message: RegExp): Promise<void> {
      const { code, stdout, stderr } = await run(host, which);
      assert.equal(code, which === "register" ? 1 : 0, stderr);
      assert.match(stderr, message);
      if (which === "remove") assert.match(stderr, /'grunnmur prod' may still be registered in .*: remove it there/);
      assert.ok(!`${stdout}${stderr}`.includes(token), "the token is shown");
    }

    test("the key is registered once, without the right to push", async () => {
      assert.match((await run(host, "register")).stdout, /registered read-only$/m);
      assert.deepEqual(related(), registered);
      assert.match((await run(host, "register")).stdout, /already/);
      assert.deepEqual(host.changes, ["POST"]);
    });

    test("keys beyond the first pages are seen, and no other is touched", async () => {
      host.held.push(...many, old, { id: 501, title: "by hand", key: `${ours} cluster`, readOnly: false });
      assert.equal((await run(host, "register")).code, 0);
      assert.deepEqual(host.held.slice(0, -1), [...others, ...many]);
      assert.deepEqual(related().slice(-1), registered);
    });

    test("the key is removed under whatever title, and no other", async () => {
      host.held.push(old, { id: 501, title: "renamed", key: `${ours} cluster`, readOnly: true });
      assert.match((await run(host, "remove")).stdout, /removed/);
      assert.deepEqual(host.held, [...others, old]);
      const again = await run(host, "remove");
      assert.deepEqual(again, { code: 0, stdout: "", stderr: "" });
    });

    test("a key that is gone before it is deleted is no mistake", async () => {
      host.held.push({ id: 501, title, key: ours, readOnly: true });
      host.fault = ({ method }) => {
        if (method === "DELETE") host.held = [...others];
        return undefined;
      };
      assert.deepEqual(await run(host, "remove"), { code: 0, stdout: "deploy key removed\n", stderr: "" });
    });

    test("a key that the host claims not to have, and lists, is not removed", async () => {
      host.held.push({ id: 501, title, key: ours, readOnly: true });
      host.fault = only("DELETE", { status: 404, body: { message: "Not Found" } });
      await fails("remove", /may still be registered/);
    });

    test("after a run that was broken off, the next one ends with the key and nothing else", async () => {
      for (const method of ["POST", "DELETE"]) {
        host.held = [...others, old];
        host.fault = only(method, { status: 502, body: "<html>Bad Gateway</html>" });
        await fails("register", /answered 502 .*Bad Gateway.* Run up again/);
        host.fault = () => undefined;
        assert.equal((await run(host, "register")).code, 0);
        assert.deepEqual(related(), registered, method);
      }
    });

    test("where the host allows it, the old key goes only when the new one is there", async () => {
      host.held.push(old);
      assert.equal((await run(host, "register")).code, 0);
      assert.deepEqual(host.changes, host.dialect.titlesAreUnique ? ["DELETE", "POST"] : ["POST", "DELETE"]);
    });

    test("a key that is in use elsewhere is refused, and where to look for it is said", async () => {
      host.held.push(...(host.dialect.titlesAreUnique ? [] : [old]));
      const was = [...host.held];
      host.elsewhere = [ours];
      await fails("register", /answered (400|422) .*(taken|used|in use).* remove/);
      assert.deepEqual(host.held, was);
    });

    const html = "<!DOCTYPE html>\u001b[31m\n<title>Not the API</title>";
    const answers: [name: string, answer: Answer, message: RegExp][] = [
      [
        "a token that is not valid",
        { status: 401, body: { message: "Unauthorized" } },
        /answered 401 .*Unauthorized.*gitHostToken must be in force/,
      ],
      [
        "a token without the right",
        { status: 403, body: { message: "Forbidden" } },
        /answered 403 .* needs .* in (project 7|repository platform\/config)/,
      ],
      [
        "a repository that is not there",
        { status: 404, body: { message: "Not Found" } },
        /answered 404 .*which must be there/,
      ],
      ["too many requests", { status: 429, headers: { "retry-after": "60" } }, /answered 429 .*wait, and run up again/],
      [
        "too many requests, as 403",
        { status: 403, headers: { "X-RateLimit-Remaining": "0" } },
        /answered 403 .*wait, and run up again/,
      ],
      [
        "too many at once, as 403",
        { status: 403, headers: { "Retry-After": "60" } },
        /answered 403 .*wait, and run up again/,
      ],
      ["a server that is broken", { status: 500, body: { message: "boom" } }, /answered 500 .*boom.* Run up again/],
      [
        "another address",
        { status: 301, headers: { location: "https://new.example.no/keys" } },
        /answered 301 .*at https:\/\/new\.example\.no\/keys: write that address/,
      ],
      [
        "a page for people",
        { status: 200, body: html },
        /something else than a list of deploy keys: <!DOCTYPE html> \[31m <title>/,
      ],
      ["nothing", { status: 200, body: "" }, /something else than a list/],
      ["an object", { status: 200, body: { message: "hello" } }, /something else than a list of deploy keys: .*hello/],
      ["a list of something else", { status: 200, body: ["a"] }, /something else than a list/],
      [
        "an ID that leads elsewhere",
        { status: 200, body: [{ id: "1/../../keys/1", title, key: ours }] },
        /something else than a list/,
      ],
      [
        "the same page without end",
        { status: 200, body: [{ id: 1, title: "a", key: "b" }] },
        /page 2 with page 1 again/,
      ],
    ];
    for (const [name, answer, message] of answers) {
      test(`a registration fails on ${name}, and says so`, async () => {
        host.fault = () => answer;
        await fails("register", message);
        assert.deepEqual(host.changes, []);
      });
    }

    test("a removal that fails stops nothing, and says what may be left", async () => {
      host.fault = () => ({ status: 401, body: { message: "Unauthorized" } });
      await fails("remove", /answered 401/);
      host.fault = () => ({ status: 200, body: html });
      await fails("remove", /something else than a list/);
    });

    test("a host that sends back what it was sent has no token shown", async () => {
      host.fault = ({ headers }) => ({ status: 500, body: headers });
      await fails("register", /answered 500 .*\(token\)/);
    });

    test("a host that is not there is named", async () => {
      const gone = new GitHostDouble(kind);
      await gone.start();
      const url = gone.url;
      gone.stop();
      Object.defineProperty(gone, "url", { value: url });
      const { code, stderr } = await run(gone, "register");
      assert.equal(code, 1);
      assert.ok(stderr.includes(`does not answer at ${url}`), stderr);
    });

    test("a key that is not read back read-only, alone, is not registered", async () => {
      const lists: [name: string, keys: object[]][] = [
        ["none", []],
        ["one that may push", [host.dialect.shown({ id: 1, title, key: ours, readOnly: false })]],
        ["one that does not say", [{ id: 1, title, key: ours }]],
        ["two", [old, { id: 2, title, key: ours, readOnly: true }].map(host.dialect.shown)],
      ];
      if (kind === "github") {
        const disabled = { ...host.dialect.shown({ id: 1, title, key: ours, readOnly: true }), enabled: false };
        lists.push(["one that an organization has disabled", [disabled]]);
      }
      for (const [name, keys] of lists) {
        host.held = [...others];
        let listing = 0;
        host.fault = ({ method }) => {
          if (method === "POST") listing = 1;
          if (method !== "GET" || listing === 0) return undefined;
          return { status: 200, body: listing++ === 1 ? keys : [] };
        };
        await fails(
          "register",
          /has taken the deploy key 'grunnmur prod', and lists for .* Allowed is this key once, with true/,
        );
        assert.equal(listing >= 2 || keys.length === 0, true, name);
      }
    });

    test("a title is text, whatever is in it", async () => {
      const strange = 'grunnmur "$(touch x)" \\(.key) \'; `id` \\u0022 øre';
      host.held.push({ ...old, title: strange });
      assert.equal((await run(host, "register", { as: strange })).code, 0);
      assert.deepEqual(related(), [{ title: strange, key: ours, readOnly: true }]);
    });

    test("a token with quotes reaches the host as it is, and one with a line break is refused without being shown", async () => {
      host.token = 'a"b\\c';
      assert.equal((await run(host, "register", { given: host.token })).code, 0);
      assert.throws(
        () => deployKeyInput(kind, ours, `${token}\nurl = x`),
        (error: Error) => /line break/.test(error.message) && !error.message.includes(token),
      );
    });

    test("the token is on no command line and in no environment", async () => {
      const directory = mkdtempSync(join(tmpdir(), "grunnmur-deploy-key-"));
      try {
        for (const program of ["curl", "jq", "tr", "cat", "tar"]) {
          const watcher = `#!/bin/bash\n{ printf '%s\\n' "$0" "$@"; env; } >>${directory}/seen\nPATH=${process.env.PATH} exec ${program} "$@"\n`;
          writeFileSync(join(directory, program), watcher);
          chmodSync(join(directory, program), 0o755);
        }
        assert.equal((await run(host, "register", { path: `${directory}:${process.env.PATH}` })).code, 0);
        const seen = readFileSync(join(directory, "seen"), "utf8");
        assert.match(seen, /\/curl\n/);
        assert.ok(!seen.includes(token));
      } finally {
        rmSync(directory, { recursive: true });
      }
    });
  });
}
