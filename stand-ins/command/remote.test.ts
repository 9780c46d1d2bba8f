import * as assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { utils } from "ssh2";
import type { Properties } from "../shared/value";
import { type FakeSshd, fakeSshd } from "./fake-sshd";
import { checkRemote, runRemote } from "./remote";
import type { Script } from "./script";
import { Transcript } from "./transcript";

describe("a remote command", () => {
  let sshd: FakeSshd;
  before(async () => {
    sshd = await fakeSshd(["ALLOWED"]);
  });
  after(() => sshd.close());

  const connection = (changes: Properties = {}): Properties => ({
    host: "127.0.0.1",
    port: sshd.port,
    user: "root",
    hostKey: sshd.hostKey,
    privateKey: sshd.privateKey,
    dialErrorLimit: 2,
    ...changes,
  });

  it("gives standard input and environment, and takes both outputs", async () => {
    const { script } = given("cat; printf %s $ALLOWED >&2", { stdin: "from stdin", environment: { ALLOWED: "yes" } });
    await runRemote(script, { connection: connection() });
    assert.deepEqual(script.transcript.result(), { stdout: "from stdin", stderr: "yes" });
  });

  it("fails with the exit code and what was written", async () => {
    const { script } = given("echo why >&2; exit 7");
    await assert.rejects(runRemote(script, { connection: connection() }), /`create` script .* exit code 7.*\nwhy$/s);
  });

  it("refuses a machine that shows another host key, without trying again", async () => {
    const { script, lines } = given("true");
    const hostKey = utils.generateKeyPairSync("ed25519").public;
    await assert.rejects(
      runRemote(script, { connection: connection({ hostKey, dialErrorLimit: -1 }) }),
      /host key is not the pinned one\. Expected SHA256:.*got SHA256:/,
    );
    assert.deepEqual(lines, []);
  });

  it("gives up on a refused key even where the dials are unlimited", async () => {
    const { script } = given("true");
    const privateKey = utils.generateKeyPairSync("ed25519").private;
    await assert.rejects(
      runRemote(script, { connection: connection({ privateKey, dialErrorLimit: 1 }) }),
      (error: Error) => /tried 2 times.*authentication/s.test(error.message) && !error.message.includes(privateKey),
    );
  });

  it("waits for a machine that is not up yet", async () => {
    const late = await fakeSshd();
    await late.close();
    const { script, lines } = given("true");
    const target = { ...connection({ dialErrorLimit: 1 }), port: late.port };
    await assert.rejects(runRemote(script, { connection: target }), /tried 2 times.*ECONNREFUSED/s);
    assert.match(lines.join("\n"), /waiting for SSH on 127.0.0.1:\d+ \(try 1\)/);
  });

  it("says which variables sshd dropped, before it runs anything", async () => {
    const { script } = given("echo must-not-run", { environment: { ALLOWED: "1", DROPPED: "2" } });
    await assert.rejects(runRemote(script, { connection: connection() }), /refused .* DROPPED:.*AcceptEnv/);
    assert.ok(!sshd.commands.includes("echo must-not-run"));
  });

  it("stops when it is cancelled", async () => {
    const stop = new AbortController();
    const { script } = given("echo started; exec sleep 60", { signal: stop.signal, show: () => stop.abort() });
    await assert.rejects(runRemote(script, { connection: connection() }), /was stopped: the run was cancelled/);
  });

  it("goes through a bastion", async () => {
    const bastion = await fakeSshd();
    const { script } = given("echo through");
    const proxy = { ...connection(), port: bastion.port, hostKey: bastion.hostKey, privateKey: bastion.privateKey };
    await runRemote(script, { connection: { ...connection(), proxy } });
    assert.equal(script.transcript.result().stdout, "through");
    await bastion.close();
    assert.deepEqual(bastion.commands, []);
  });
});

describe("checking a remote command", () => {
  it("wants a pinned host key", () => {
    const { failures } = checkRemote({ connection: { host: "node" } });
    assert.match(failures[0]?.reason ?? "", /hostKey" is missing.*pinned.*ssh-ed25519/);
  });

  it("refuses what is no public key", () => {
    const { failures } = checkRemote({ connection: { host: "node", hostKey: "ssh-ed25519 nonsense" } });
    assert.match(failures[0]?.reason ?? "", /must be a public key/);
  });
});

function given(
  text: string,
  changes: Partial<Script> & { show?: (line: string) => void } = {},
): { script: Script; lines: string[] } {
  const lines: string[] = [];
  const script: Script = {
    step: "create",
    text,
    environment: {},
    previousOutput: {},
    stdin: "",
    transcript: new Transcript("stdoutAndStderr", changes.show ?? (() => {})),
    signal: new AbortController().signal,
    progress: (line) => lines.push(line),
    ...changes,
  };
  return { script, lines };
}
