import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type EngineEvent, followEvents } from "./events";

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
