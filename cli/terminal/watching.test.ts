import assert from "node:assert/strict";
import { test } from "node:test";
import { watching } from "./watching";

async function told(answers: string[], isTTY: boolean): Promise<string[]> {
  const ended = new AbortController();
  const said: string[] = [];
  const left = [...answers];
  const look = async () => {
    const now = left.shift();
    if (now === undefined) ended.abort();
    return now ?? "";
  };
  await watching(0.001, look, { stream: { isTTY }, write: (text) => said.push(text), signal: ended.signal });
  return said;
}

test("into a pipe goes what has changed, and nothing of the look in which it was ended", async () => {
  assert.deepEqual(await told(["a", "a", "b", "a"], false), ["a", "b", "a"]);
});

test("a terminal shows the last answer alone, and when it was", async () => {
  const said = await told(["a", "a"], true);
  assert.equal(said.length, 2);
  for (const one of said) {
    assert.ok(one.startsWith("\u001b[H\u001b[2J\u001b[3Ja\n"));
    assert.match(one, /\n\d{4}-\d\d-\d\dT[\d:]+Z, again in/);
  }
});
