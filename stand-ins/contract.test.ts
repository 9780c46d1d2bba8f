import * as assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Plugin } from "./contract/plugin";
import { officialPlugins, standIn } from "./contract/plugins";
import { Secret } from "./shared/value";

/** Where the official plugin does otherwise (README.md), and what it does. */
const differences = {
  "the script stands in the error": '`exit status 7: running "…":`, then all that it wrote',
  "a secret stands in the error": "what the script wrote is shown as it is",
  "a cancelled script's children live on": "only the interpreter is ended",
} as const;
type Difference = keyof typeof differences;

const bash = ["/bin/bash", "-c"];
const officials = officialPlugins(process.env);

it("an official plugin is held to the same contract", {
  skip:
    officials.length === 0 && "none on PATH, in PULUMI_HOME or in GRUNNMUR_TEST_OFFICIAL_PLUGINS: only our stand-in",
}, () => {});

for (const { label, command, official } of [standIn, ...officials]) {
  const allowed = (_name: Difference) => official;

  describe(`the command provider's contract: ${label}`, () => {
    let folder: string;
    let plugin: Plugin;
    before(() => {
      folder = mkdtempSync(path.join(tmpdir(), "grunnmur-contract-"));
    });
    after(() => rmSync(folder, { recursive: true, force: true }));
    beforeEach(async () => {
      plugin = await Plugin.start(command);
    });
    afterEach(() => plugin.stop());

    it("tells of a failed script its exit code and the last lines of its errors", async () => {
      const failing = plugin.create({ create: "echo fine; echo one >&2; echo two >&2; exit 7", interpreter: bash });
      const message = await said(failing);
      assert.match(message, allowed("the script stands in the error") ? /exit status 7/ : /exit code 7/);
      assert.match(message, /one\ntwo\s*$/);
      if (!allowed("the script stands in the error")) assert.doesNotMatch(message, /echo one/);
    });

    it("shows nothing of a secret in an error", async () => {
      const environment = { TOKEN: new Secret("hunter2hunter2") };
      const message = await said(
        plugin.create({ create: "echo token=$TOKEN >&2; exit 1", interpreter: bash, environment }),
      );
      assert.match(message, /token=/);
      if (!allowed("a secret stands in the error")) assert.doesNotMatch(message, /hunter2/);
    });

    it("gives a script its standard input and its environment", async () => {
      const create = `cat; printf '|%s' "$ONE" "$TWO"; echo; echo aside >&2`;
      const { outputs } = await plugin.create({ create, stdin: "in\n", environment: { ONE: "1", TWO: "a b" } });
      assert.deepEqual([outputs.stdout, outputs.stderr], ["in\n|1|a b", "aside"]);
    });

    it("replaces for a changed trigger, and updates for any other change, by create where there is no update", async () => {
      const log = path.join(folder, "steps");
      const inputs = {
        create: `echo "create $X" >> ${log}`,
        environment: { X: "1" },
        triggers: ["a"],
        interpreter: bash,
      };
      const made = await plugin.create(inputs);
      assert.equal(await plugin.diff(made, inputs), "nothing");
      assert.equal(await plugin.diff(made, { ...inputs, triggers: ["b"] }), "replace");
      for (const changed of [
        { ...inputs, environment: { X: "2" } },
        { ...inputs, stdin: "more" },
        { ...inputs, addPreviousOutputInEnv: false },
      ]) {
        assert.equal(await plugin.diff(made, changed), "update");
      }
      await plugin.update(made, { ...inputs, environment: { X: "2" } });
      assert.equal(readFileSync(log, "utf8"), "create 1\ncreate 2\n");
    });

    it("runs delete with what the resource was made with", async () => {
      const log = path.join(folder, "deleted");
      const made = await plugin.create({ create: "true", delete: `echo "$X" >> ${log}`, environment: { X: "there" } });
      await plugin.delete(made);
      assert.equal(readFileSync(log, "utf8"), "there\n");
    });

    it("does not make what a script wrote secret because its input was: that is for additionalSecretOutputs", async () => {
      const { outputs } = await plugin.create({ create: "cat", stdin: new Secret("given") });
      assert.ok(outputs.stdin instanceof Secret);
      assert.equal(outputs.stdout, "given");
    });

    it("keeps the last output out of the environment where addPreviousOutputInEnv is false", async () => {
      const create = `echo "\${PULUMI_COMMAND_STDOUT-none}$X"`;
      const run = async (addPreviousOutputInEnv: boolean) => {
        const made = await plugin.create({ create, environment: { X: "1" }, addPreviousOutputInEnv });
        return (await plugin.update(made, { create, environment: { X: "2" }, addPreviousOutputInEnv })).outputs.stdout;
      };
      assert.deepEqual([await run(false), await run(true)], ["none2", "none12"]);
    });

    it("ends a cancelled script, and its children", async () => {
      const file = path.join(folder, "child");
      const create = `sleep 300 & echo $! > ${file}.part; mv ${file}.part ${file}; wait`;
      const message = said(plugin.create({ create, interpreter: bash }));
      const child = Number(await written(file));
      await plugin.cancel();
      if (allowed("a cancelled script's children live on")) {
        process.kill(child, "SIGKILL");
        assert.match(await message, /./);
      } else {
        assert.match(await message, /cancelled/);
        assert.ok(!alive(child), "the script's child lives on");
      }
    });
  });
}

// Both at once: each waits until a script that ignores being asked is killed.
describe("the end of a plugin", { concurrency: true }, () => {
  for (const how of ["a signal", "the end of the engine"]) {
    it(`by ${how} takes scripts along that ignore being asked, and children of those that do not`, async () => {
      const folder = mkdtempSync(path.join(tmpdir(), "grunnmur-contract-"));
      const plugin = await Plugin.start(standIn.command);
      try {
        const deaf = path.join(folder, "deaf");
        const orphan = path.join(folder, "orphan");
        const loop = (file: string) =>
          `trap "" TERM; echo $$ > ${file}.part; mv ${file}.part ${file}; while :; do sleep 1; done`;
        const ends = [
          said(plugin.create({ create: loop(deaf), interpreter: bash })),
          said(plugin.create({ create: `bash -c '${loop(orphan)}' >/dev/null 2>&1 & wait`, interpreter: bash })),
        ];
        const scripts = [Number(await written(deaf)), Number(await written(orphan))];
        const gone = new Promise((resolve) => plugin.process.once("exit", resolve));
        if (how === "a signal") plugin.process.kill("SIGTERM");
        else plugin.process.stdin?.end();
        await gone;
        assert.deepEqual(scripts.map(alive), [false, false]);
        await Promise.all(ends);
      } finally {
        await plugin.stop();
        rmSync(folder, { recursive: true });
      }
    });
  }
});

/** What a call that must fail says. */
async function said(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    return (error as Error).message;
  }
  return assert.fail("it must fail");
}

/** The content of a file, once it is there. */
async function written(file: string): Promise<string> {
  for (let tries = 0; tries < 600; tries++) {
    try {
      return readFileSync(file, "utf8");
    } catch {
      await sleep(50);
    }
  }
  return assert.fail(`${file} was not written`);
}

/** A process that has ended may still be listed until somebody asks how it ended. */
function alive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}
