import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { guarded } from "./guard";
import type { Progress } from "./progress";
import { type Recipe, Store } from "./store";

let root: string;
let said: string[];
let made: string[];
let progress: Progress;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "grunnmur-store-"));
  said = [];
  made = [];
  progress = {
    start: (name) => said.push(`start ${name}`),
    beat: () => {},
    done: (name) => said.push(`done ${name}`),
    note: (text) => said.push(text),
  };
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function recipe(name: string, over: Partial<Recipe> = {}): Recipe {
  return {
    name,
    needs: [],
    from: "1.0",
    files: [],
    make: async (work) => {
      made.push(name);
      writeFileSync(join(work.dir, "content"), name);
      return { made: true };
    },
    ...over,
  };
}

test("makes what an artifact needs first, and all of it once", async () => {
  const store = new Store(root, [recipe("image", { needs: ["binary"] }), recipe("binary")]);
  await store.ensure(["image", "binary"], progress);
  assert.deepEqual(made, ["binary", "image"]);
  await store.ensure(["image"], progress);
  assert.deepEqual(made, ["binary", "image"]);
  assert.ok(store.ready("image"));
  assert.equal(readFileSync(join(store.dir("binary"), "content"), "utf8"), "binary");
  assert.deepEqual(said, ["start binary", "done binary", "start image", "done image"]);
});

/** Notes what begins and ends, and takes a moment, or until `beside` has begun: with nothing beside it, it ends all the same. */
const slow = (name: string, over: Partial<Recipe> = {}, beside?: string) =>
  recipe(name, {
    make: async () => {
      made.push(`+${name}`);
      const last = Date.now() + (beside ? 10_000 : 0);
      do await new Promise((resolve) => setTimeout(resolve, 50));
      while (Date.now() < last && !made.includes(`+${beside}`));
      made.push(`-${name}`);
      return {};
    },
    ...over,
  });

test("packs one artifact beside another that compiles, and never compiles two at once", async () => {
  const compiled = [slow("a", { compiles: true }, "base"), slow("b", { compiles: true }, "image")];
  const store = new Store(root, [...compiled, slow("base"), slow("image", { needs: ["a", "base"] })]);
  await store.ensure(["a", "b", "image"], progress);
  const order = (event: string) => made.indexOf(event);
  assert.ok(order("+b") > order("-a"), made.join());
  assert.ok(order("+base") < order("-a"), made.join());
  assert.ok(order("+image") > order("-a") && order("+image") > order("-base"), made.join());
  assert.ok(order("+image") < order("-b"), made.join());
});

test("compiles first what others are made from", async () => {
  const alone = slow("alone", { compiles: true });
  const store = new Store(root, [alone, slow("a", { compiles: true }), slow("image", { needs: ["a"] })]);
  await store.ensure(["alone", "image"], progress);
  assert.equal(made[0], "+a");
  assert.ok(made.indexOf("+alone") < made.indexOf("-image"), made.join());
});

test("where one fails, what had begun is finished and nothing more is begun", async () => {
  const fails = slow("a", { make: () => Promise.reject(new Error("no space left")) });
  const store = new Store(root, [fails, slow("b"), slow("c")]);
  await assert.rejects(store.ensure(["a", "b", "c"], progress), /^Error: a could not be made: no space left$/);
  assert.deepEqual(made, ["+b", "-b"]);
  assert.ok(store.ready("b") && !store.ready("c"));
});

test("a ready artifact is not made again because what it came from is gone", async () => {
  const store = new Store(root, [recipe("image", { needs: ["binary"] }), recipe("binary")]);
  await store.ensure(["image"], progress);
  rmSync(store.dir("binary"), { recursive: true });
  await store.ensure(["image"], progress);
  assert.deepEqual(made, ["binary", "image"]);
});

test("records the digest of each file and the facts", async () => {
  const store = new Store(root, [recipe("binary")]);
  await store.ensure(["binary"], progress);
  const { files, facts, key } = store.completed("binary");
  assert.deepEqual(files, { content: "9a3a45d01531a20e89ac6ae10b0b0beb0492acd7216a368aa062d1a5fecaf9cd" });
  assert.deepEqual(facts, { made: true });
  assert.equal(key, store.key("binary"));
});

test("the key changes with the version, with a file and with what it is made from", () => {
  const script = join(root, "script.sh");
  const keys = new Set<string>();
  const add = (version: string, inner: string) => {
    const recipes = [
      recipe("image", { needs: ["binary"], from: version, files: [script] }),
      recipe("binary", { from: inner }),
    ];
    keys.add(new Store(root, recipes).key("image"));
  };
  add("1.0", "1.0");
  writeFileSync(script, "echo one");
  add("1.0", "1.0");
  add("1.0", "1.0");
  writeFileSync(script, "echo two");
  add("1.0", "1.0");
  add("1.1", "1.0");
  add("1.0", "1.1");
  assert.equal(keys.size, 5);
});

test("what fails leaves nothing behind, names the artifact, and what is finished stays", async () => {
  const make = async () => {
    throw new Error("no space left");
  };
  const store = new Store(root, [recipe("image", { needs: ["binary"], make }), recipe("binary")]);
  await assert.rejects(store.ensure(["image"], progress), /^Error: image could not be made: no space left/);
  assert.ok(store.ready("binary"));
  assert.ok(!store.ready("image"));
  assert.deepEqual(
    readdirSync(join(root, "image")).filter((name) => name !== ".lock"),
    [],
  );
});

test("what an ended run left half made is removed and made anew", async () => {
  const store = new Store(root, [recipe("binary")]);
  const left = `${store.dir("binary")}.partial-999999`;
  mkdirSync(left, { recursive: true });
  writeFileSync(join(left, "content"), "half");
  await store.ensure(["binary"], progress);
  assert.ok(!existsSync(left));
  assert.equal(readFileSync(join(store.dir("binary"), "content"), "utf8"), "binary");
});

test("what another version left is told from what is current", async () => {
  const before = new Store(root, [recipe("binary", { from: "0.9" }), recipe("gone")]);
  await before.ensure(["binary", "gone"], progress);
  const store = new Store(root, [recipe("binary")]);
  await store.ensure(["binary"], progress);
  assert.deepEqual(store.outdated().sort(), [before.dir("binary"), before.dir("gone")].sort());
});

test("an unknown artifact is answered with the known ones", async () => {
  const store = new Store(root, [recipe("binary")]);
  await assert.rejects(store.ensure(["binry"], progress), /"binry"; there are binary/);
});

test("two runs at once make an artifact once", async () => {
  const make = async (work: { dir: string }) => {
    made.push("binary");
    await new Promise((resolve) => setTimeout(resolve, 700));
    writeFileSync(join(work.dir, "content"), "binary");
    return {};
  };
  const stores = [1, 2].map(() => new Store(root, [recipe("binary", { make })]));
  await Promise.all(stores.map((store) => store.ensure(["binary"], progress)));
  assert.deepEqual(made, ["binary"]);
  assert.ok(said.some((line) => line.includes("another run is making it")));
});

test("a run that is killed frees its lock", async () => {
  const guard = join(__dirname, "guard");
  const code = `require(${JSON.stringify(guard)}).guarded(${JSON.stringify(join(root, "lock"))}, () => {}, () => {
    console.log("held"); return new Promise((resolve) => setTimeout(resolve, 60_000)); })`;
  const other: ChildProcess = spawn(process.execPath, ["--import", "tsx", "-e", code], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(other.stdout as NodeJS.EventEmitter, "data");
  other.kill("SIGKILL");
  await once(other, "exit");
  assert.equal(
    await guarded(
      join(root, "lock"),
      () => {},
      async () => "ours",
    ),
    "ours",
  );
});
