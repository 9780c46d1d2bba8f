import * as assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Logging, Transcript } from "./transcript";

function transcript(logging: Logging) {
  const shown: string[] = [];
  return { shown, transcript: new Transcript(logging, (line) => shown.push(line)) };
}

describe("a transcript", () => {
  it("shows whole lines as they come, and keeps both streams", () => {
    const { shown, transcript: taken } = transcript("stdoutAndStderr");
    taken.take("stdout", "one\ntw");
    assert.deepEqual(shown, ["one"]);
    taken.take("stderr", "oops\n");
    taken.take("stdout", "o\n");
    assert.deepEqual(shown, ["one", "oops", "two"]);
    assert.deepEqual(taken.result(), { stdout: "one\ntwo", stderr: "oops" });
  });

  it("shows and repeats nothing that `logging` forbids", () => {
    const { shown, transcript: taken } = transcript("none");
    taken.take("stderr", "password: x\n");
    assert.deepEqual(shown, []);
    assert.doesNotMatch(taken.tail(), /password/);
    assert.match(taken.tail(), /`logging` is "none"/);
  });

  it("puts standard error before standard output in an error", () => {
    const { transcript: taken } = transcript("stdoutAndStderr");
    taken.take("stdout", "progress\n");
    assert.equal(taken.tail(), "progress");
    taken.take("stderr", "reason\n");
    assert.equal(taken.tail(), "reason");
  });

  it("repeats only the end of a long output", () => {
    const { transcript: taken } = transcript("stderr");
    taken.take("stderr", Array.from({ length: 100 }, (_, index) => `line ${index}\n`).join(""));
    assert.doesNotMatch(taken.tail(), /line 69\n/);
    assert.match(taken.tail(), /^line 70\n.*line 99$/s);
  });
});
