import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { lock } from "../../artifacts/lock";
import { madeFrom } from "../../cli/roll/made-from";
import { lockedKubernetes } from "../../cli/roll/newest";
import type { Plan } from "../../cli/roll/plan";
import { printed } from "../../cli/verbs/support/printed";
import { patienceHere } from "../../lib/machine";
import { traces } from "../support/machine";
import { declare, stackFileOf } from "../support/many-nodes";
import { until } from "../support/poll";
import { Probe } from "../support/probe";
import { stepsOf } from "../support/steps";
import { must, repository, grunnmur as run, type Typed, type } from "../support/user";

// An environment that an older grunnmur made is brought to the versions of this one, while somebody asks its service something
// every second. On demand: the older Kubernetes is compiled first where it is not in the store.

const STACK = "upgrade";
const OLDER = "1.35.4";
const MINUTES = 60_000;
const stackFile = stackFileOf(STACK);
const here = join(repository, "grunnmur");
const older = mkdtempSync(join(tmpdir(), "grunnmur-older-"));
let mayDestroy = false;

const grunnmur = (verb: string, args: string[] = [], show = false): Promise<Typed> =>
  run([verb, "--stack", STACK, ...args], { show });

before(async () => {
  assert.ok(!existsSync(stackFile), `${stackFile} is this test's own name: move it away`);
  declare(STACK, ["control-1"], ["worker-1", "worker-2"]);
  const { code, stderr } = await run(["destroy", "--stack", STACK], { env: { CI: "" } });
  assert.equal(code, 0, stderr);
  await makeOlder();
  mayDestroy = true;
});

after(async () => {
  if (mayDestroy) await grunnmur("destroy", ["--yes"], true);
  rmSync(stackFile, { force: true });
  rmSync(older, { recursive: true, force: true });
});

test("an environment becomes a newer one, and its service answers", {
  timeout: 150 * patienceHere() * MINUTES,
}, async (t) => {
  const step = stepsOf(t);
  let probe: Probe | undefined;
  t.after(() => probe?.stop());

  await step("an older grunnmur makes it, killed again and again", async (context) => {
    const args = ["up", "--stack", STACK, "--yes"];
    context.diagnostic(`killed ${await killed(10, join(older, "grunnmur"), args)} times`);
    const up = await must(type(join(older, "grunnmur"), args, { cwd: older, show: true }));
    context.diagnostic(`up, from there: ${up.seconds.toFixed(0)} s`);
    await whole(`v${OLDER}`);
    probe = await Probe.from(STACK, "control-1");
  });

  await step("up of this one leaves the versions as they are, and says what is newer", async () => {
    await must(grunnmur("up", ["--yes"], true));
    await whole(`v${OLDER}`);
    const { nodes, kubernetes } = await plan();
    assert.deepEqual(kubernetes, { from: `v${OLDER}`, to: lockedKubernetes() });
    assert.deepEqual(
      nodes.map(({ name, does }) => [name, ...does]),
      [["control-1", "in place"], ["worker-1", "anew"], ["worker-2", "anew"], ["registry-1"]],
    );
    assert.match(nodes[0]?.stays ?? "", /only control plane/);
    probe?.counts();
  });

  await step("upgrade, killed again and again, brings all to the newer version", async (context) => {
    const times = await killed(10, here, ["upgrade", "--stack", STACK, "--yes"]);
    context.diagnostic(`killed ${times} times`);
    const upgraded = await must(grunnmur("upgrade", ["--yes"], true));
    context.diagnostic(`upgrade, from there: ${upgraded.seconds.toFixed(0)} s`);
    await whole(lockedKubernetes());
  });

  await step("replace, killed again and again, makes the worker anew", async (context) => {
    const before = await diskOf("worker-1");
    context.diagnostic(`killed ${await killed(10, here, ["replace", "--stack", STACK, "--yes", "worker-1"])} times`);
    await must(grunnmur("replace", ["--yes", "worker-1"], true));
    await whole(lockedKubernetes());
    assert.notEqual(await diskOf("worker-1"), before);
  });

  await step("rotate, killed again and again, ends with the new passwords alone", async (context) => {
    for (const more of [[], ["--finish"]]) {
      const args = ["--stack", STACK, "--yes", "registry", ...more];
      const times = await killed(3, here, ["rotate", ...args], 20);
      context.diagnostic(`killed ${times} times`);
      await must(run(["rotate", ...args]));
    }
    assert.deepEqual(printed("status", (await must(grunnmur("status", ["--json"]))).stdout).rotating, []);
  });

  await step("no request failed", async (context) => {
    const { asked, failed } = probe?.counts() ?? { asked: 0, failed: 0 };
    context.diagnostic(`${failed} of ${asked} probes failed`);
    assert.ok(asked > 60, `${asked} probes`);
    assert.equal(failed, 0);
  });

  await step("then there is nothing more to do", async () => {
    assert.ok((await plan()).nodes.every(({ does }) => does.length === 0));
    const up = await must(grunnmur("up", ["--yes"]));
    assert.match(up.stderr, /No changes/);
    assert.doesNotMatch(up.stdout + up.stderr, /pending operations/, "all that a killed run began is done since");
  });

  await step("destroy leaves nothing", async () => {
    probe?.stop();
    await must(grunnmur("destroy", ["--yes"], true));
    assert.deepEqual(traces(STACK), []);
  });
});

async function plan(): Promise<Plan> {
  const { stdout } = await must(grunnmur("upgrade", ["--plan", "--json"]));
  return printed("upgrade", stdout);
}

async function diskOf(node: string): Promise<string | undefined> {
  return (await madeFrom(STACK)).disks.get(node)?.id;
}

/** All is ready, and every kubelet and the API server are of this version. */
async function whole(version: string): Promise<void> {
  await until("an environment that is ready", 1200, async () => (await grunnmur("status")).code === 0);
  const { stdout } = await must(grunnmur("status", ["--json"]));
  const { nodes, cluster } = printed("status", stdout);
  const kubelets = nodes.flatMap(({ kubelet }) => (kubelet ? [kubelet] : []));
  assert.deepEqual([cluster.version, ...kubelets], [version, version, version, version]);
}

/**
 * Runs a command and kills it at a random moment of so many seconds, by turns with all that it started and alone, as often as that.
 * @returns how often it was killed: a run that comes to its end is the last
 */
async function killed(times: number, command: string, args: string[], within = 15 * patienceHere()): Promise<number> {
  for (let time = 0; time < times; time += 1) {
    const seconds = 3 + Math.random() * within;
    const cwd = dirname(command);
    const child = spawn(command, args, { cwd, detached: true, stdio: ["ignore", "inherit", "inherit"] });
    const ended = new Promise<void>((resolve) => child.on("exit", () => resolve()));
    const timer = setTimeout(() => {
      process.stderr.write(`killed after ${seconds.toFixed(0)} s\n`);
      process.kill(time % 2 === 0 ? -(child.pid ?? 0) : (child.pid ?? 0), "SIGKILL");
    }, seconds * 1000);
    await ended;
    clearTimeout(timer);
    if (child.exitCode !== null) {
      assert.equal(child.exitCode, 0, `${args.join(" ")} failed`);
      return time;
    }
  }
  return times;
}

/** A clone of this repository whose lock names the older Kubernetes. */
async function makeOlder(): Promise<void> {
  await must(type("git", ["clone", "-q", repository, older]));
  symlinkSync(join(repository, "node_modules"), join(older, "node_modules"));
  copyFileSync(stackFile, join(older, basename(stackFile)));
  const newer = lockedKubernetes().slice(1);
  const change = (path: string, edit: (text: string) => string): void =>
    writeFileSync(join(older, path), edit(readFileSync(join(older, path), "utf8")));
  const cwd = join(older, "artifacts", "modules", "kubernetes");
  const go = (...args: string[]) => must(type("go", args, { cwd, env: { GOFLAGS: "-mod=mod" } }));
  const { stdout } = await go("mod", "download", "-json", `k8s.io/kubernetes@v${OLDER}`);
  const { GoMod, Dir } = JSON.parse(stdout) as { GoMod: string; Dir: string };
  const own = readFileSync(GoMod, "utf8");
  const constants = readFileSync(join(Dir, "cmd", "kubeadm", "app", "constants", "constants.go"), "utf8");
  const [, pause = ""] = /PauseVersion = "([^"]+)"/.exec(constants) ?? [];
  change("artifacts/lock.json", (text) =>
    text
      .replace(`"version": "${newer}"`, `"version": "${OLDER}"`)
      .replace(/"pause": .*/, (line) => line.replaceAll(lock().images.pause?.version ?? "", pause)),
  );
  // What it is made from is its own to say: newer modules than those need not fit it.
  const staged = [...own.matchAll(/^\t(\S+) => \.\/staging\//gm)].map(
    ([, path]) => `replace ${path} => ${path} ${OLDER.replace(/^1\./, "v0.")}\n`,
  );
  change("artifacts/modules/kubernetes/go.mod", (text) =>
    [text.slice(0, text.indexOf("replace (")), ...staged, `require k8s.io/kubernetes v${OLDER}\n`].join(""),
  );
  // The modules that those need, and their digests.
  await go("list", "tool");
}
