import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as grpc from "@grpc/grpc-js";
import { repositoryPath } from "../artifacts/lib/repository";
import { policyPacks } from "../cli/policy-packs";
import { fromStackFile, parseStack } from "../stacks/load";
import { deployment } from "./manifests";
import { median } from "./measure";

const { AnalyzerClient } = require("@pulumi/pulumi/proto/analyzer_grpc_pb");
const proto = require("@pulumi/pulumi/proto/analyzer_pb");
const { Struct } = require("google-protobuf/google/protobuf/struct_pb");

const STARTS = 3;
const RESOURCES = 500;

/** How long the packs take to start, as Pulumi starts them, and for each resource. */
export async function measurePacks(say: (text: string) => void): Promise<void> {
  // Packs write down what they leave open; that is none of this machine's environments' business.
  const home = mkdtempSync(join(tmpdir(), "grunnmur-bench-home-"));
  try {
    await measureAll(say, home);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

async function measureAll(say: (text: string) => void, home: string): Promise<void> {
  const sum = { wall: 0, cpu: 0, each: 0, eachCpu: 0 };
  for (const pack of policyPacks()) {
    const name = pack.slice(pack.lastIndexOf("/") + 1);
    const starts: Start[] = [];
    for (let round = 0; round < STARTS; round++) {
      const started = await start(pack, home);
      starts.push(started);
      started.child.kill();
    }
    const wall = median(starts.map((started) => started.wall));
    const cpu = median(starts.map((started) => started.cpu));
    const each = await resources(pack, home);
    say(`  ${name.padEnd(20)} starts in ${seconds(wall, cpu)}; ${milliseconds(each.wall, each.cpu)} a Deployment`);
    sum.wall += wall;
    sum.cpu += cpu;
    sum.each += each.wall;
    sum.eachCpu += each.cpu;
  }
  const aims = "aims: 1.5 s, 3 ms";
  say(`  together, in turn    ${seconds(sum.wall, sum.cpu)}; ${milliseconds(sum.each, sum.eachCpu)} (${aims})`);
}

const seconds = (wall: number, cpu: number): string => `${wall.toFixed(2)} s (${cpu.toFixed(2)} s of CPU)`;
const milliseconds = (wall: number, cpu: number): string =>
  `${(wall * 1000).toFixed(2)} ms (${(cpu * 1000).toFixed(2)} ms of CPU)`;

interface Start {
  child: ChildProcess;
  port: number;
  wall: number;
  cpu: number;
}

/** Seconds of CPU that a process has used; Linux counts them in hundredths. */
function cpuOf({ pid }: ChildProcess): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

const since = (began: bigint): number => Number(process.hrtime.bigint() - began) / 1e9;

/** Pulumi's own runner; a pack prints its port when it listens. */
function start(pack: string, home: string): Promise<Start> {
  const runner = repositoryPath("node_modules", "@pulumi", "pulumi", "cmd", "run-policy-pack");
  const began = process.hrtime.bigint();
  // Nothing is asked of the engine, so that its address may be anything.
  const env = { ...process.env, GRUNNMUR_HOME: home };
  const stdio: ["ignore", "pipe", "pipe"] = ["ignore", "pipe", "pipe"];
  const child = spawn(process.execPath, [runner, "127.0.0.1:9", pack], { cwd: pack, env, stdio });
  return new Promise((resolve, reject) => {
    let said = "";
    child.stderr?.on("data", (chunk: Buffer) => (said += chunk));
    child.stdout?.on("data", (chunk: Buffer) => {
      const port = Number(/^(\d+)\n/.exec(chunk.toString())?.[1]);
      if (port > 0) resolve({ child, port, wall: since(began), cpu: cpuOf(child) });
    });
    child.once("exit", (code) =>
      reject(new Error(`the pack ended with ${code} before it listened: ${said.slice(-500)}`)),
    );
  });
}

/** Seconds a resource, over the wire as in a preview; the CPU is the pack's alone. */
async function resources(pack: string, home: string): Promise<{ wall: number; cpu: number }> {
  const { child, port } = await start(pack, home);
  const client = new AnalyzerClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
  const analyze = (type: string, index: number, values: object) => {
    const request = new proto.AnalyzeRequest();
    request.setType(type);
    request.setName(`r${index}`);
    request.setUrn(`urn:pulumi:bench::bench::${type}::r${index}`);
    request.setProperties(Struct.fromJavaScript(values));
    request.setOptions(options());
    return new Promise<void>((resolve, reject) => {
      client.analyze(request, (error: Error | null) => (error ? reject(error) : resolve()));
    });
  };
  const analyzeDeployment = (index: number) => {
    const { kind, apiVersion, ...values } = deployment(index);
    return analyze(`kubernetes:${apiVersion}:${kind}`, index, values);
  };
  try {
    const stack = parseStack(fromStackFile(readFileSync(repositoryPath("Pulumi.local.yaml"), "utf8")), "local");
    await analyze("grunnmur:platform:Platform", 0, JSON.parse(JSON.stringify(stack)));
    for (let index = 0; index < 50; index++) await analyzeDeployment(index);
    const used = cpuOf(child);
    const began = process.hrtime.bigint();
    for (let index = 0; index < RESOURCES; index++) await analyzeDeployment(index);
    return { wall: since(began) / RESOURCES, cpu: (cpuOf(child) - used) / RESOURCES };
  } finally {
    client.close();
    child.kill();
  }
}

/** As the engine sends them: none of them set. */
function options(): object {
  const none = new proto.AnalyzerResourceOptions();
  none.setCustomtimeouts(new proto.AnalyzerResourceOptions.CustomTimeouts());
  return none;
}
