import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { DigestMismatch, Unavailable } from "./download";
import { forgetAnswers, fromEither } from "./source";

let said: string[];
let done: string[];

const build = async () => {
  done.push("build");
};
const release = async () => {
  done.push("release");
};
const unreachable = async () => {
  done.push("tried");
  throw new Unavailable("https://example.org: no route", false);
};
const note = (text: string) => said.push(text);

beforeEach(() => {
  said = [];
  done = [];
  delete process.env.GRUNNMUR_SOURCE;
  forgetAnswers();
});

afterEach(() => {
  delete process.env.GRUNNMUR_SOURCE;
});

test("downloads where it can", async () => {
  assert.equal(await fromEither(release, build, note), "release");
  assert.deepEqual(done, ["release"]);
});

test("compiles where the site does not answer, says so once, and does not ask again in this run", async () => {
  assert.equal(await fromEither(unreachable, build, note), "build");
  assert.equal(await fromEither(unreachable, build, note), "build");
  assert.deepEqual(done, ["tried", "build", "build"]);
  assert.equal(said.length, 1);
  assert.match(said[0] ?? "", /no route.*compiling/);
});

test("a file that a site has not got does not make the site unreachable", async () => {
  const missing = async () => {
    done.push("tried");
    throw new Unavailable("https://example.org/tool: 404", true);
  };
  assert.equal(await fromEither(missing, build, note), "build");
  assert.equal(await fromEither(release, build, note), "release");
  assert.deepEqual(done, ["tried", "build", "release"]);
});

test("compiles what upstream offers no download of", async () => {
  assert.equal(await fromEither(undefined, build, note), "build");
  process.env.GRUNNMUR_SOURCE = "release";
  assert.equal(await fromEither(undefined, build, note), "build");
});

test("a wrong digest stops the run instead of compiling", async () => {
  const mismatch = async () => {
    throw new DigestMismatch("https://example.org/tool", "aa", "bb", "the site");
  };
  await assert.rejects(fromEither(mismatch, build, note), DigestMismatch);
  assert.deepEqual(done, []);
});

test("`release` never compiles what it cannot download, `build` never downloads", async () => {
  process.env.GRUNNMUR_SOURCE = "release";
  await assert.rejects(fromEither(unreachable, build, note), Unavailable);
  process.env.GRUNNMUR_SOURCE = "build";
  assert.equal(await fromEither(release, build, note), "build");
  assert.deepEqual(done, ["tried", "build"]);
});

test("another word is refused with what is allowed", async () => {
  process.env.GRUNNMUR_SOURCE = "releases";
  await assert.rejects(fromEither(release, build, note), /"releases"; it may be auto, release, build/);
});
