import * as assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { after, before, describe, it } from "node:test";
import { utils } from "ssh2";
import { artifactDir, artifactReady } from "../artifacts/store";
import { type FakeSshd, fakeSshd } from "./command/fake-sshd";
import { type FakeApi, fakeApi } from "./kubernetes/fake-api";

const repository = path.resolve(__dirname, "..");
const compiled = path.join(repository, "dist/stand-ins/command/main.js");

/** The real Pulumi CLI, or why there is none. */
function findPulumi(): { pulumi: string; skip: false } | { pulumi: ""; skip: string } {
  const given = process.env.GRUNNMUR_TEST_PULUMI;
  if (!existsSync(compiled)) return { pulumi: "", skip: "the stand-ins are not compiled; run `npm run build`" };
  if (given !== undefined) return { pulumi: path.resolve(given), skip: false };
  if (artifactReady("pulumi")) return { pulumi: path.join(artifactDir("pulumi"), "bin/pulumi"), skip: false };
  return { pulumi: "", skip: "no Pulumi CLI: build the artifact, or name one in GRUNNMUR_TEST_PULUMI" };
}

const { pulumi, skip } = findPulumi();

describe("the real CLI with the stand-ins", { skip }, () => {
  let home: string;
  let sshd: FakeSshd;
  let api: FakeApi;

  before(async () => {
    home = mkdtempSync(path.join(tmpdir(), "grunnmur-plugins-"));
    sshd = await fakeSshd();
    api = await fakeApi();
  });
  after(async () => {
    await sshd.close();
    await api.close();
    rmSync(home, { recursive: true, force: true });
  });

  /** A project of its own whose program is this body; `args` are what the body may use, by name. */
  function project(name: string, body: string, args: Record<string, unknown> = {}) {
    const directory = path.join(home, name);
    mkdirSync(path.join(directory, "pack"), { recursive: true });
    const write = (file: string, text: string) => writeFileSync(path.join(directory, file), text);
    symlinkSync(path.join(repository, "node_modules"), path.join(directory, "node_modules"));
    write("Pulumi.yaml", `name: ${name}\nmain: index.js\nruntime: { name: nodejs, options: { typescript: false } }\n`);
    write("package.json", JSON.stringify({ name, version: "1.0.0" }));
    const header = `const [pulumi, command, random, kubernetes] = ["pulumi", "command", "random", "kubernetes"].map((one) => require("@pulumi/" + one));`;
    const program = (changes: Record<string, unknown>) =>
      write("index.js", `${header}\nconst args = ${JSON.stringify({ ...args, ...changes })};\n${body}\n`);
    program({});
    return { directory, program, run: (...words: string[]) => run(directory, words) };
  }

  function run(directory: string, words: string[]): Promise<{ ok: boolean; output: string }> {
    const env = {
      ...process.env,
      PATH: `${path.join(__dirname, "bin")}:${process.env.PATH}`,
      PULUMI_HOME: path.join(home, "pulumi-home"),
      PULUMI_BACKEND_URL: `file://${home}`,
      PULUMI_CONFIG_PASSPHRASE: "test",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      KUBECONFIG: "/no/such/kubeconfig",
    };
    return new Promise((resolve) => {
      const args = [...words, "--non-interactive", "--stack", "test"];
      execFile(pulumi, args, { cwd: directory, env, maxBuffer: 1 << 26 }, (error, stdout, stderr) =>
        resolve({ ok: error === null, output: stdout + stderr }),
      );
    });
  }

  async function succeed(result: Promise<{ ok: boolean; output: string }>): Promise<string> {
    const { ok, output } = await result;
    assert.ok(ok, output);
    return output;
  }

  async function fail(result: Promise<{ ok: boolean; output: string }>): Promise<string> {
    const { ok, output } = await result;
    assert.ok(!ok, output);
    return output;
  }

  const up = ["up", "--yes", "--skip-preview"];
  const outputs = async ({ run: cli }: ReturnType<typeof project>) =>
    JSON.parse(await succeed(cli("stack", "output", "--json", "--show-secrets")));

  it("makes, changes, replaces and removes commands and random values", async () => {
    const log = path.join(home, "log");
    const body = `
      const bytes = new random.RandomBytes("bytes", { length: 16 });
      const password = new random.RandomPassword("password", { length: 20, keepers: { k: args.keeper } });
      const script = new command.local.Command("script", {
        create: "echo create $X >> " + args.log + "; cat", update: "echo update $X >> " + args.log + "; cat",
        delete: "echo delete >> " + args.log, stdin: bytes.hex, environment: { X: args.x }, triggers: [args.trigger],
      }, { additionalSecretOutputs: ["stdout"] });
      Object.assign(exports, { hex: bytes.hex, password: password.result, out: script.stdout });`;
    const given = project("scripts", body, { log, x: "1", keeper: "a", trigger: "t" });
    await succeed(given.run("stack", "init"));
    assert.match(await succeed(given.run("preview")), /\+ 4 to create/);

    const first = await succeed(given.run(...up));
    const made = await outputs(given);
    assert.equal(made.out, made.hex);
    assert.match(made.hex, /^[0-9a-f]{32}$/);
    assert.equal(made.password.length, 20);
    assert.ok(!first.includes(made.hex), "a secret was shown");
    const state = await succeed(given.run("stack", "export"));
    assert.ok(!state.includes(made.hex) && !state.includes(made.password), "a secret stands in the state");
    assert.match(await succeed(given.run(...up)), /4 unchanged/);

    given.program({ x: "2" });
    await succeed(given.run(...up));
    given.program({ x: "2", trigger: "u", keeper: "b" });
    assert.match(await succeed(given.run(...up)), /2 replaced/);
    const replaced = await outputs(given);
    assert.equal(replaced.hex, made.hex);
    assert.notEqual(replaced.password, made.password);
    await succeed(given.run("destroy", "--yes", "--skip-preview"));
    const steps = readFileSync(log, "utf8").trim().split("\n");
    assert.deepEqual(steps, ["create 1", "update 2", "create 2", "delete", "delete"]);
  });

  it("keeps nothing of a script that failed, and hides its secrets", async () => {
    const body = `new command.local.Command("script", { create: "echo token=$T >&2; exit 9", environment: { T: pulumi.secret("hunter2hunter2") } });`;
    const given = project("failing", body);
    await succeed(given.run("stack", "init"));
    const output = await fail(given.run(...up));
    assert.match(output, /exit code 9/);
    assert.match(output, /token=\[secret\]/);
    assert.doesNotMatch(output, /hunter2/);
    assert.doesNotMatch(await succeed(given.run("stack", "export")), /local:Command/);
  });

  it("runs a remote script on the machine with the pinned key only", async () => {
    const connection = { host: "127.0.0.1", port: sshd.port, hostKey: sshd.hostKey, privateKey: sshd.privateKey };
    const body = `
      const script = new command.remote.Command("script", { connection: args.connection, create: "wc -c; echo done", stdin: pulumi.secret("a-secret-that-is-given") });
      exports.out = script.stdout;`;
    const given = project("remote", body, { connection });
    await succeed(given.run("stack", "init"));
    const output = await succeed(given.run(...up));
    assert.equal((await outputs(given)).out, "22\ndone");
    assert.doesNotMatch(output, /a-secret-that-is-given|PRIVATE KEY/);

    const other = utils.generateKeyPairSync("ed25519").public;
    given.program({ connection: { ...connection, hostKey: other } });
    const refused = await fail(given.run(...up));
    assert.match(refused, /host key is not the pinned one/);
    assert.doesNotMatch(refused, /PRIVATE KEY/);
  });

  it("manages objects in a cluster whose kubeconfig a preview does not know", async () => {
    const body = `
      const access = new command.local.Command("access", { create: "cat", stdin: pulumi.secret(args.kubeconfig), logging: "none" }, { additionalSecretOutputs: ["stdout"] });
      const provider = new kubernetes.Provider("provider", { kubeconfig: access.stdout });
      const team = new kubernetes.core.v1.Namespace("team", { metadata: { name: "team" } }, { provider });
      const namespace = team.metadata.name;
      new kubernetes.core.v1.Secret("key", { metadata: { name: "key", namespace }, stringData: { k: "hunter2" } }, { provider });
      new kubernetes.apps.v1.Deployment("app", { metadata: { name: args.app, namespace }, spec: { replicas: 1, selector: { matchLabels: { a: "b" } }, template: { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "c", image: "i" }] } } } }, { provider, customTimeouts: { create: "2s" } });
      new kubernetes.apiextensions.CustomResource("thing", { apiVersion: "example.org/v1", kind: "Thing", metadata: { name: "one", namespace }, spec: { n: 3 } }, { provider });
      exports.uid = team.metadata.uid;`;
    const given = project("objects", body, { kubeconfig: api.kubeconfig, app: "app" });
    await succeed(given.run("stack", "init"));
    assert.match(await succeed(given.run("preview")), /\+ 7 to create/);
    assert.deepEqual(api.changes, []);

    const output = await succeed(given.run(...up));
    assert.deepEqual([...api.objects.keys()].sort(), [
      "/api/v1/namespaces/team",
      "/api/v1/namespaces/team/secrets/key",
      "/apis/apps/v1/namespaces/team/deployments/app",
      "/apis/example.org/v1/namespaces/team/things/one",
    ]);
    const state = await succeed(given.run("stack", "export"));
    assert.doesNotMatch(output + state, /hunter2|token-that-nobody-may-see/);
    assert.match(await succeed(given.run(...up)), /7 unchanged/);

    given.program({ app: "stuck" });
    assert.match(await fail(given.run(...up)), /Deployment team\/stuck: not ready after 2 s.*ImagePullBackOff/s);
    assert.match(await succeed(given.run("stack", "export")), /deployment.*stuck/is);
    await succeed(given.run("destroy", "--yes", "--skip-preview"));
    assert.equal(api.objects.size, 0);
  });

  it("stops a preview at a mandatory policy's violation", async () => {
    const given = project("policies", `new random.RandomId("id", { byteLength: args.bytes });`, { bytes: 4 });
    const pack = `
      const { PolicyPack } = require("@pulumi/policy");
      new PolicyPack("ids", { policies: [{ name: "long-ids", description: "IDs are long.", enforcementLevel: "mandatory",
        validateResource: ({ type, props }, report) => { if (type.endsWith(":RandomId") && props.byteLength < 8) report("too short"); } }] });`;
    writeFileSync(path.join(given.directory, "pack/index.js"), pack);
    writeFileSync(path.join(given.directory, "pack/package.json"), JSON.stringify({ name: "ids", version: "1.0.0" }));
    writeFileSync(path.join(given.directory, "pack/PulumiPolicy.yaml"), "runtime: nodejs\n");
    await succeed(given.run("stack", "init"));
    assert.match(await fail(given.run("preview", "--policy-pack", "pack")), /mandatory.*long-ids.*too short/s);
    given.program({ bytes: 8 });
    await succeed(given.run("preview", "--policy-pack", "pack"));
  });

  it("says what is not covered, and what is", async () => {
    const given = project("refused", `new random.RandomPet("pet");`);
    await succeed(given.run("stack", "init"));
    const output = await fail(given.run("preview"));
    assert.match(output, /does not cover resources of type random:index\/randomPet:RandomPet.*RandomBytes, RandomId/s);
  });

  it("passes a program's own error on", async () => {
    const given = project("broken", `throw new Error("broken on purpose");`);
    await succeed(given.run("stack", "init"));
    const output = await fail(given.run("preview"));
    assert.match(output, /broken on purpose/);
    // Mapped to the SDK's sources, this trace would keep Node busy for a minute.
    assert.doesNotMatch(output, /run\.ts/);
  });
});
