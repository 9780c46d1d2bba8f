import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Trace, traced } from "./trace";

const step = (name: string, op = "create", component = "node:KvmNode") => ({
  op: op as "create",
  urn: `urn:pulumi:local::grunnmur::grunnmur:platform:Platform$grunnmur:${component}$command:local:Command::${name}`,
  provider: "urn:pulumi:local::grunnmur::pulumi:providers:command::default::id",
});
const begun = (name: string, op?: string, component?: string) => ({
  resourcePreEvent: { metadata: step(name, op, component) },
});
const ended = (name: string, op?: string, component?: string) => ({
  resOutputsEvent: { metadata: step(name, op, component) },
});
const bars = (trace: Trace) => trace.events().filter(({ ph }) => ph === "X");

test("each resource is a bar, with what was done and in which run", async () => {
  const trace = new Trace();
  await trace.run(
    async () => {
      trace.event(begun("disk"), 10);
      trace.event(ended("disk"), 12.5);
    },
    () => 10,
  );
  const bar = bars(trace).find(({ name }) => name === "disk");
  assert.deepEqual(bar, {
    name: "disk",
    cat: "nodes",
    ph: "X",
    ts: 0,
    dur: 2_500_000,
    pid: 1,
    tid: bar?.tid,
    args: { operation: "create", outcome: "done", type: "command:local:Command", run: "1" },
  });
});

test("bars at once stand in rows of their own, and a row is used again", () => {
  const trace = new Trace();
  trace.event(begun("a"), 0);
  trace.event(begun("b"), 1);
  trace.event(ended("a"), 2);
  trace.event(begun("c"), 2);
  trace.event(ended("b"), 3);
  trace.event(ended("c"), 4);
  trace.event(begun("d", "create", "registry:Registry"), 1);
  trace.event(ended("d", "create", "registry:Registry"), 2);
  const row = Object.fromEntries(bars(trace).map(({ name, tid }) => [name, tid]));
  assert.equal(row.a, row.c);
  assert.equal(new Set([row.a, row.b, row.d]).size, 3);
  const names = trace.events().filter(({ ph }) => ph === "M");
  assert.deepEqual(
    names.map(({ args }) => args.name),
    ["nodes", "nodes", "registry"],
  );
});

test("what failed, what was not finished and what had nothing to be done are told apart", async () => {
  const trace = new Trace();
  let now = 0;
  const run = trace.run(
    async () => {
      trace.event(begun("broken"), 0);
      trace.event({ resOpFailedEvent: { metadata: step("broken") } }, 1);
      trace.event(begun("kept", "same"), 0);
      trace.event(ended("kept", "same"), 1);
      trace.event(begun("cut"), 0);
      now = 9;
      throw new Error("interrupted");
    },
    () => now,
  );
  await assert.rejects(run, /interrupted/);
  const outcomes = bars(trace).map(({ name, args }) => [name, args.outcome]);
  assert.deepEqual(Object.fromEntries(outcomes), {
    "pulumi up, run 1": "failed",
    broken: "failed",
    cut: "unfinished",
  });
  assert.equal(bars(trace).find(({ name }) => name === "cut")?.dur, 9_000_000);
});

test("what replaces a resource and what takes the old one away are two bars, and a second run is told from the first", async () => {
  const trace = new Trace();
  const steps = async () => {
    for (const op of ["create-replacement", "delete-replaced"]) {
      trace.event(begun("disk", op), 0);
      trace.event(ended("disk", op), 1);
    }
  };
  await trace.run(steps, () => 0);
  await trace.run(steps, () => 2);
  const disk = bars(trace).filter(({ name }) => name === "disk");
  assert.deepEqual(disk.map(({ args }) => `${args.run} ${args.operation}`).sort(), [
    "1 create-replacement",
    "1 delete-replaced",
    "2 create-replacement",
    "2 delete-replaced",
  ]);
});

test("what a preview looked at is no work", () => {
  const trace = new Trace();
  trace.event(begun("disk"), 0);
  trace.event({ summaryEvent: { isPreview: true } }, 1);
  trace.event(ended("disk"), 2);
  assert.deepEqual(bars(trace), []);
});

test("the file is written however the work ends, and one that cannot be is refused before any", async () => {
  const directory = mkdtempSync(join(tmpdir(), "grunnmur-trace-"));
  try {
    const file = join(directory, "trace.json");
    const failing = traced(file, (trace) => trace.during("artifacts", () => Promise.reject(new Error("no network"))));
    await assert.rejects(failing, /no network/);
    const { traceEvents } = JSON.parse(readFileSync(file, "utf8"));
    assert.deepEqual(
      traceEvents.map(({ name, ph }: { name: string; ph: string }) => `${ph} ${name}`),
      ["M thread_name", "X artifacts"],
    );
    let started = false;
    const start = async () => {
      started = true;
    };
    await assert.rejects(traced(directory, start), /--trace: received ".*", and it is a folder; allowed is a file/);
    await assert.rejects(traced(join(directory, "none", "x"), start), /its folder does not exist/);
    assert.equal(started, false);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
