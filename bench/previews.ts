import { spawn } from "node:child_process";
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as yaml from "js-yaml";
import { policyPackArgs } from "../cli/pulumi/policy-packs";
import { pulumiVariables } from "../cli/pulumi/pulumi-environment";
import { repositoryPath, repositoryRoot, storeRoot } from "../lib/places";

// One hypervisor of the largest size that a stack file may give it has room for no more.
const SIZES = [3, 30, 300];
/** Of the empty program's time; MiB of all processes together; resources for each node more. */
const AIMS = { ratio: 1.2, memory: 1024, resources: 8 };

interface Preview {
  resources: number;
  seconds: number;
  /** Seconds of CPU of all processes. */
  cpu: number;
  /** MiB that all processes had at once, at most, and the largest of them alone. */
  memory: number;
  largest: number;
}

/**
 * The first preview of environments of growing size, with the policy packs on, beside that of a program that declares as
 * many resources of no content, without packs. `GRUNNMUR_BENCH_NODES=3,30` chooses the sizes.
 */
export async function measurePreviews(say: (text: string) => void): Promise<void> {
  const sizes = process.env.GRUNNMUR_BENCH_NODES?.split(",").map(Number) ?? SIZES;
  const home = mkdtempSync(join(tmpdir(), "grunnmur-bench-home-"));
  try {
    symlinkSync(storeRoot(), join(home, "store"));
    say("  nodes  resources  a node more   preview     empty             ratio (CPU)       MiB in all, largest");
    let before: { nodes: number; resources: number } | undefined;
    for (const nodes of sizes) {
      const own = await ourPreview(home, nodes);
      const empty = await emptyPreview(home, own.resources);
      const figures = [
        String(nodes).padStart(7),
        String(own.resources).padStart(10),
        (before ? ((own.resources - before.resources) / (nodes - before.nodes)).toFixed(1) : "-").padStart(12),
        `${own.seconds.toFixed(1)} s`.padStart(9),
        `${empty.seconds.toFixed(1)} s`.padStart(9),
        `${(own.seconds / empty.seconds).toFixed(2)} (${(own.cpu / empty.cpu).toFixed(2)})`.padStart(22),
        `${own.memory.toFixed(0)}, ${own.largest.toFixed(0)} (empty: ${empty.memory.toFixed(0)})`.padStart(24),
      ];
      say(figures.join(" "));
      before = { nodes, resources: own.resources };
    }
    say(
      `  aims: ${AIMS.ratio} of the empty program, under ${AIMS.memory} MiB, at most ${AIMS.resources} resources a node`,
    );
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

const environment = (home: string): NodeJS.ProcessEnv => ({
  ...process.env,
  ...pulumiVariables({ ...process.env, GRUNNMUR_HOME: home }),
  GRUNNMUR_HOME: home,
  PULUMI_BACKEND_URL: `file://${home}`,
  // Without it the option --event-log is not known.
  PULUMI_DEBUG_COMMANDS: "true",
  PULUMI_CONFIG_PASSPHRASE: "bench",
  PULUMI_CONFIG_PASSPHRASE_FILE: undefined,
});

async function ourPreview(home: string, nodes: number): Promise<Preview> {
  const stack = `bench-${nodes}`;
  const directory = mkdtempSync(join(home, "ours-"));
  const config = join(directory, `Pulumi.${stack}.yaml`);
  writeFileSync(config, stackOf(stack, nodes));
  copyFileSync(repositoryPath("Pulumi.yaml"), join(directory, "Pulumi.yaml"));
  await pulumi(home, directory, ["stack", "init", stack]);
  const args = ["preview", "--stack", stack, "--config-file", config, "--suppress-outputs", ...policyPackArgs()];
  return preview(home, repositoryRoot(), args);
}

/** Guests on one large machine that is this one: no other is asked whether its guests run. */
function stackOf(name: string, nodes: number): string {
  const local = yaml.load(readFileSync(repositoryPath("Pulumi.local.yaml"), "utf8")) as {
    config: Record<string, unknown>;
  };
  const guest = (at: number) => ({
    name: at === 0 ? "registry-1" : at === 1 ? "control-1" : `worker-${at - 1}`,
    kind: "libvirt",
    role: at === 0 ? "registry" : at === 1 ? "control-plane" : "worker",
    hypervisor: "this-machine",
    address: `10.20.${Math.floor((at + 10) / 256)}.${(at + 10) % 256}`,
    cores: at < 2 ? 2 : 1,
    memoryMiB: at === 1 ? 3072 : 2048,
    diskGiB: 20,
  });
  const config = {
    ...local.config,
    "grunnmur:network": { cidr: "10.20.0.0/20", gateway: "10.20.15.1", podCidr: "10.64.0.0/12" },
    "grunnmur:hypervisors": [
      { name: "this-machine", kind: "local", site: "local-no", cores: nodes + 2, memoryMiB: 3072 * nodes },
    ],
    "grunnmur:nodes": Array.from({ length: nodes }, (_none, at) => guest(at)),
    "grunnmur:sync": { ...(local.config["grunnmur:sync"] as object), path: `./clusters/${name}`, demo: false },
  };
  return yaml.dump({ config });
}

async function emptyPreview(home: string, resources: number): Promise<Preview> {
  const directory = mkdtempSync(join(home, "empty-"));
  const project = {
    name: "grunnmur-bench",
    main: "index.js",
    runtime: { name: "nodejs", options: { typescript: false } },
  };
  writeFileSync(join(directory, "Pulumi.yaml"), JSON.stringify(project));
  writeFileSync(join(directory, "package.json"), JSON.stringify({ name: project.name, version: "1.0.0" }));
  symlinkSync(repositoryPath("node_modules"), join(directory, "node_modules"));
  // The stack and the provider are resources, too.
  const program = `const random = require("@pulumi/random");
for (let at = 0; at < ${resources - 2}; at++) new random.RandomString("r" + at, { length: 8 });`;
  writeFileSync(join(directory, "index.js"), program);
  const stack = `empty-${resources}`;
  await pulumi(home, directory, ["stack", "init", stack]);
  return preview(home, directory, ["preview", "--stack", stack]);
}

async function preview(home: string, cwd: string, args: string[]): Promise<Preview> {
  const log = join(mkdtempSync(join(home, "log-")), "events.json");
  const taken = await pulumi(home, cwd, [...args, "--event-log", log]);
  const changes = readFileSync(log, "utf8")
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as { summaryEvent?: { resourceChanges: Record<string, number> } }).summaryEvent)
    .find((summary) => summary !== undefined)?.resourceChanges;
  if (!changes) throw new Error(`the preview in ${cwd} told of no resources`);
  return { ...taken, resources: Object.values(changes).reduce((sum, count) => sum + count, 0) };
}

type Taken = Omit<Preview, "resources">;

/** @throws with the end of what Pulumi wrote */
async function pulumi(home: string, cwd: string, args: string[]): Promise<Taken> {
  const script = 'TIMEFORMAT="taken %U %S"; time "$@"';
  const began = performance.now();
  const child = spawn("bash", ["-c", script, "bash", "pulumi", ...args, "--non-interactive"], {
    cwd,
    env: { ...environment(home), LC_ALL: "C" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-20_000);
    });
  }
  let [memory, largest] = [0, 0];
  const timer = setInterval(() => {
    const sizes = descendants(child.pid ?? 0).map(residentMiB);
    memory = Math.max(
      memory,
      sizes.reduce((sum, size) => sum + size, 0),
    );
    largest = Math.max(largest, ...sizes);
  }, 250);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  clearInterval(timer);
  const [, user, system] = /taken ([\d.]+) ([\d.]+)\s*$/.exec(said) ?? [];
  if (code !== 0) throw new Error(`pulumi ${args.slice(0, 2).join(" ")} ended with ${code}:\n${said.slice(-2000)}`);
  return { seconds: (performance.now() - began) / 1000, cpu: Number(user) + Number(system), memory, largest };
}

function descendants(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    const parent = Number(statOf(name)[1] ?? 0);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const found: number[] = [];
  for (const next = [root]; next.length > 0; ) {
    const pid = next.pop() ?? 0;
    found.push(pid);
    next.push(...(children.get(pid) ?? []));
  }
  return found;
}

/** MiB in memory, from the 24th field of /proc/<pid>/stat, in pages. */
const residentMiB = (pid: number): number => (Number(statOf(String(pid))[21] ?? 0) * 4096) / 1024 / 1024;

/** What stands behind the name; empty for a process that has ended. */
function statOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
  } catch {
    return [];
  }
}
