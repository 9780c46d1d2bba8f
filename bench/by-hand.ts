import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { reveal } from "../cli/pulumi/connections";

type Json = string | number | boolean | null | Json[] | { [name: string]: Json };
type Inputs = Record<string, Json>;

/** What `pulumi stack export` tells of a resource. */
export interface Exported {
  urn: string;
  type: string;
  inputs?: Inputs;
  dependencies?: string[];
  /** `<urn>::<id>`; absent for components. */
  provider?: string;
  parent?: string;
}

/** Seconds, from the start of all, in which a resource was worked on. */
export interface Bar {
  urn: string;
  from: number;
  to: number;
}

const REDIAL_MS = 500;

/**
 * Does by hand what an update made: scripts with bash and ssh, objects of Kubernetes with kubectl, each as soon as all that
 * it depends on is there, and nothing besides. One connection leads to each machine, and all objects that can be applied at
 * a time are applied in one go.
 * @param directory a private one, for keys and the kubeconfig
 * @param kubectl path of the program
 * @throws with the name of the first step that fails, and nothing of what it wrote: nobody has taken secrets out of that
 */
export async function byHand(resources: readonly Exported[], directory: string, kubectl: string): Promise<Bar[]> {
  const began = performance.now();
  const clock = (): number => (performance.now() - began) / 1000;
  const machines = new Machines(directory);
  const cluster = new ClusterByHand(directory, kubectl);
  const done = new Map<string, Promise<void>>();
  const bars: Bar[] = [];
  // The state's order is one in which each stands behind what it depends on.
  for (const { urn, type, inputs, dependencies = [], provider, parent } of resources) {
    // What a component depends on, its children wait for.
    const needs = [...dependencies, ...(provider ? [provider.slice(0, provider.lastIndexOf("::"))] : []), parent ?? ""];
    const work = async (): Promise<void> => {
      await Promise.all(needs.map((need) => done.get(need)));
      const from = clock();
      const plain = reveal(inputs ?? {}) as Inputs;
      if (type === "command:local:Command") await here(plain);
      else if (type === "command:remote:Command") await machines.run(plain);
      else if (type === "pulumi:providers:kubernetes") cluster.open(String(plain.kubeconfig));
      else if (type.startsWith("kubernetes:")) await cluster.apply(plain);
      else return;
      bars.push({ urn, from, to: clock() });
    };
    done.set(
      urn,
      work().catch((error: Error) => {
        throw error instanceof StepFailed ? error : new StepFailed(urn, error.message);
      }),
    );
  }
  try {
    await Promise.all(done.values());
  } finally {
    await machines.close();
  }
  return bars;
}

class StepFailed extends Error {
  constructor(urn: string, how: string) {
    super(`by hand, ${urn.split("::").at(-1)} failed: ${how}`);
  }
}

async function here({ interpreter, create, environment, stdin }: Inputs): Promise<void> {
  const [program = "/bin/sh", ...args] = (interpreter as string[] | undefined) ?? ["/bin/sh", "-c"];
  await run(program, [...args, String(create)], String(stdin ?? ""), environment as Record<string, string> | undefined);
}

/** Machines that are reached over SSH, by one connection each. */
class Machines {
  private readonly open = new Map<string, Promise<string[]>>();

  constructor(private readonly directory: string) {}

  async run({ connection, create, stdin }: Inputs): Promise<void> {
    const options = await this.reach(connection as Inputs);
    await run("ssh", [...options, String(create)], String(stdin ?? ""));
  }

  async close(): Promise<void> {
    for (const options of this.open.values()) {
      await run("ssh", ["-O", "exit", ...(await options)], "").catch(() => {}); // it may have ended by itself
    }
  }

  private reach({ host, user, privateKey, hostKey }: Inputs): Promise<string[]> {
    const name = String(host);
    const known = this.open.get(name);
    if (known) return known;
    const file = (suffix: string): string => join(this.directory, `${name}.${suffix}`);
    writeFileSync(file("key"), String(privateKey), { mode: 0o600 });
    writeFileSync(file("hosts"), `${name} ${hostKey}\n`, { mode: 0o600 });
    const settings = [
      `IdentityFile=${file("key")}`,
      `UserKnownHostsFile=${file("hosts")}`,
      `ControlPath=${file("control")}`,
      "ControlMaster=auto",
      "ControlPersist=yes",
      "StrictHostKeyChecking=yes",
      "BatchMode=yes",
      "LogLevel=ERROR",
    ];
    const options = ["-F", "none", ...settings.flatMap((setting) => ["-o", setting]), `${user}@${name}`];
    const connected = (async () => {
      // A guest's port is open before its sshd is.
      while (!(await works("ssh", [...options, "true"]))) await sleep(REDIAL_MS);
      return options;
    })();
    this.open.set(name, connected);
    return connected;
  }
}

interface Waiting {
  object: Inputs;
  applied: () => void;
  failed: (error: Error) => void;
}

/** One kubectl after another, each with all objects that wait. */
class ClusterByHand {
  private waiting: Waiting[] = [];
  private busy = false;
  private readonly arguments: string[];

  constructor(
    private readonly directory: string,
    private readonly kubectl: string,
  ) {
    this.arguments = ["--kubeconfig", join(directory, "kubeconfig"), "--cache-dir", join(directory, "cache")];
  }

  open(kubeconfig: string): void {
    writeFileSync(join(this.directory, "kubeconfig"), kubeconfig, { mode: 0o600 });
  }

  async apply(object: Inputs): Promise<void> {
    await new Promise<void>((applied, failed) => {
      this.waiting.push({ object, applied, failed });
      // After all that can be applied at this moment has asked.
      setImmediate(() => void this.next());
    });
    const { kind, metadata } = object as { kind: string; metadata: { name: string; namespace?: string } };
    const wait =
      kind === "Deployment"
        ? ["rollout", "status", `deployment/${metadata.name}`, `--namespace=${metadata.namespace}`]
        : kind === "CustomResourceDefinition"
          ? ["wait", "--for=condition=Established", "--timeout=10m", `crd/${metadata.name}`]
          : undefined;
    if (wait) await run(this.kubectl, [...this.arguments, ...wait], "");
  }

  private async next(): Promise<void> {
    if (this.busy || this.waiting.length === 0) return;
    const batch = this.waiting;
    this.waiting = [];
    this.busy = true;
    const items = { apiVersion: "v1", kind: "List", items: batch.map(({ object }) => object) };
    const args = ["apply", "--server-side", "--force-conflicts", "--validate=false", "-f", "-"];
    try {
      await run(this.kubectl, [...this.arguments, ...args], JSON.stringify(items));
      for (const { applied } of batch) applied();
    } catch (error) {
      for (const { failed } of batch) failed(error as Error);
    }
    this.busy = false;
    await this.next();
  }
}

const works = (program: string, args: string[]): Promise<boolean> =>
  run(program, args, "").then(
    () => true,
    () => false,
  );

function run(program: string, args: string[], stdin: string, environment: Record<string, string> = {}): Promise<void> {
  const child = spawn(program, args, { env: { ...process.env, ...environment }, stdio: ["pipe", "ignore", "ignore"] });
  child.stdin.on("error", () => {}); // a script need not read all that it is given
  child.stdin.end(stdin);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`${program} ended with ${code ?? signal}`));
    });
  });
}
