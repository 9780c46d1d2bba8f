import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type EngineEvent, followEvents } from "./events";

test("a log that is begun anew is read from its start, and what came before was a preview", () => {
  const directory = mkdtempSync(join(tmpdir(), "grunnmur-test-"));
  const file = join(directory, "events.json");
  const seen: EngineEvent[] = [];
  const stop = followEvents(file, (event) => seen.push(event));
  try {
    writeFileSync(file, '{"diagnosticEvent":{"message":"a","severity":"info"}}\n{"diagnosticEv');
    stop();
    writeFileSync(file, '{"summaryEvent":{"isPreview":false}}\n');
    stop();
    assert.deepEqual(seen.slice(1), [{ summaryEvent: { isPreview: true } }, { summaryEvent: { isPreview: false } }]);
  } finally {
    stop();
    rmSync(directory, { recursive: true });
  }
});

test("events are read as they come, also a line that is written in two halves", () => {
  const directory = mkdtempSync(join(tmpdir(), "grunnmur-test-"));
  const file = join(directory, "events.json");
  const seen: EngineEvent[] = [];
  const stop = followEvents(file, (event) => seen.push(event));
  try {
    stop();
    appendFileSync(file, '{"summaryEvent":{"isPreview":true}}\nno event\n{"diagnosticEvent":{"message":"å');
    stop();
    assert.deepEqual(seen, [{ summaryEvent: { isPreview: true } }]);
    appendFileSync(file, '","severity":"info"}}\n');
    stop();
    assert.deepEqual(seen[1], { diagnosticEvent: { message: "å", severity: "info" } });
  } finally {
    stop();
    rmSync(directory, { recursive: true });
  }
});
