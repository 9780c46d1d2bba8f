import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { handbookCommands, looks, pastGitCommands, RUN_IN } from "./handbook";
import { repository } from "./user";

test("each command of docs/operating.md is run by a test", () => {
  const commands = handbookCommands();
  assert.ok(commands.length > 40, `found only ${commands.length}`);
  const others = commands.filter((command) => !looks(command) && !pastGitCommands().includes(command));
  assert.deepEqual(others.sort(), Object.keys(RUN_IN).sort());
  for (const [command, [file, words]] of Object.entries(RUN_IN)) {
    assert.ok(readFileSync(join(repository, file), "utf8").includes(words), `${command}: not in ${file}`);
  }
});
