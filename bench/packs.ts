import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import * as grpc from "@grpc/grpc-js";
import { policyPackArgs, policyPacks } from "../cli/pulumi/policy-packs";
import { pulumiVariables } from "../cli/pulumi/pulumi-environment";
import { repositoryPath } from "../lib/places";
import { fromStackFile, parseStack } from "../stacks/load";
import { deployment } from "./manifests";
import { byTurns, measure, median } from "./measure";

const { AnalyzerClient } = require("@pulumi/pulumi/proto/analyzer_grpc_pb");
const proto = require("@pulumi/pulumi/proto/analyzer_pb");
const { Struct } = require("google-protobuf/google/protobuf/struct_pb");

const ROUNDS = 5;
const RESOURCES = 500;

/** How long the packs keep a preview from starting, and how long they take for each resource. */
export async function measurePacks(say: (text: string) => void): Promise<void> {
  // Packs write down what they leave open; that is none of this machine's environments' business.
  const home = mkdtempSync(join(tmpdir(), "grunnmur-bench-home-"));
  try {
    measureStart(say, home);
    await measureResources(say, home);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** Pulumi's preview of a program without resources, by turns with no pack and with both. */
function measureStart(say: (text: string) => void, home: string): void {
  const program = {
    name: "grunnmur-bench",
    main: "index.js",
    runtime: { name: "nodejs", options: { typescript: false } },
  };
  writeFileSync(join(home, "Pulumi.yaml"), JSON.stringify(program));
  writeFileSync(join(home, "package.json"), JSON.stringify({ name: program.name, version: "1.0.0" }));
  writeFileSync(join(home, "index.js"), "");
  symlinkSync(repositoryPath("node_modules"), join(home, "node_modules"));
  const env = {
    ...process.env,
    ...pulumiVariables(),
    GRUNNMUR_HOME: home,
    PULUMI_BACKEND_URL: `file://${home}`,
    PULUMI_CONFIG_PASSPHRASE: "bench",
    PULUMI_CONFIG_PASSPHRASE_FILE: undefined,
  };
  const pulumi = (...args: string[]) => {
    const taken = measure("pulumi", [...args, "--stack", "bench", "--non-interactive"], home, env);
    if (taken.code !== 0) throw new Error(`pulumi ${args[0]} ended with ${taken.code}: ${taken.output.slice(-500)}`);
    return taken;
  };
  pulumi("stack", "init");
  const taken = byTurns(ROUNDS, {
    none: () => pulumi("preview"),
    both: () => pulumi("preview", ...policyPackArgs()),
  });
  const [none, packs] = [taken.none, taken.both].map((runs) => ({
    wall: median(runs.map(({ wall }) => wall)),
    cpu: median(runs.map(({ cpu }) => cpu)),
  }));
  if (!none || !packs) return;
  say(`  empty preview        ${seconds(none.wall, none.cpu)}`);
  say(`  with both packs      ${seconds(packs.wall, packs.cpu)}`);
  say(`  more for the packs   ${seconds(packs.wall - none.wall, packs.cpu - none.cpu)} (aim: 1.5 s)`);
}

async function measureResources(say: (text: string) => void, home: string): Promise<void> {
  const sum = { wall: 0, cpu: 0 };
  for (const pack of policyPacks()) {
    const each = await resources(pack, home);
    say(`  ${basename(pack).padEnd(20)} ${milliseconds(each.wall, each.cpu)} a Deployment`);
    sum.wall += each.wall;
    sum.cpu += each.cpu;
  }
  say(`  together, in turn    ${milliseconds(sum.wall, sum.cpu)} (aim: 3 ms)`);
}

const seconds = (wall: number, cpu: number): string => `${wall.toFixed(2)} s (${cpu.toFixed(2)} s of CPU)`;
const milliseconds = (wall: number, cpu: number): string =>
  `${(wall * 1000).toFixed(2)} ms (${(cpu * 1000).toFixed(2)} ms of CPU)`;

interface Started {
  child: ChildProcess;
  port: number;
}

/** Seconds of CPU that a process has used; Linux counts them in hundredths. */
function cpuOf({ pid }: ChildProcess): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

const since = (began: bigint): number => Number(process.hrtime.bigint() - began) / 1e9;

/** A pack prints its port when it listens. */
function start(pack: string, home: string): Promise<Started> {
  // Nothing is asked of the engine, so that its address may be anything.
  const env = { ...process.env, GRUNNMUR_HOME: home };
  const stdio: ["ignore", "pipe", "pipe"] = ["ignore", "pipe", "pipe"];
  const child = spawn(process.execPath, [require.resolve(pack), "127.0.0.1:9"], { cwd: pack, env, stdio });
  return new Promise((resolve, reject) => {
    let said = "";
    child.stderr?.on("data", (chunk: Buffer) => (said += chunk));
    child.stdout?.on("data", (chunk: Buffer) => {
      const port = Number(/^(\d+)\n/.exec(chunk.toString())?.[1]);
      if (port > 0) resolve({ child, port });
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
