import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { text } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import { withKubeconfig } from "../lib/kubeconfig";
import { patienceHere } from "../lib/machine";

/** Runs kubectl with these arguments on the cluster, for its output. @throws with what kubectl said */
export type Kubectl = (...args: string[]) => Promise<string>;

/** Pods of a node are ended one budget at a time; what has not gone by then holds the restart back. */
const limitSeconds = (): number => 600 * patienceHere();

/** Which run has emptied a node, and lets it take pods again: one that broke off leaves that to the next. */
const EMPTIED_BY = "grunnmur.internal/emptied-by";
const thisRun = randomUUID();

/**
 * Empties a worker before its guest is restarted for another size, bridge or data disk, and lets it take pods again afterwards.
 *
 * @param kubectl resolves when the cluster is known; never where nothing is ever restarted
 */
export function drainAround(node: string, kubectl: () => Promise<Kubectl>): pulumi.ResourceHookBinding {
  let bootBefore: string | undefined;
  const before = async ({ oldInputs, newInputs }: pulumi.ResourceHookArgs) => {
    // Where a run broke off at this guest, it may run with another size than the state says, and has this mark.
    const settled = oldInputs?.logging === newInputs?.logging;
    if (settled && sizeOf(oldInputs?.stdin) === sizeOf(newInputs?.stdin)) return;
    const run = await kubectl();
    const { status } = await nodeObject(node, run);
    if (!isReady(status)) return; // nothing of it runs that could be moved in order
    await drain(node, run);
    bootBefore = status.nodeInfo.bootID;
  };
  const after = async ({ newOutputs }: pulumi.ResourceHookArgs) => {
    if (bootBefore === undefined) return;
    await comeBack(node, startedAgain(newOutputs?.stdout) ? bootBefore : undefined, await kubectl());
  };
  return {
    beforeUpdate: [new pulumi.ResourceHook(`drain-${node}`, before)],
    afterUpdate: [new pulumi.ResourceHook(`uncordon-${node}`, after)],
  };
}

/** By what `domain-up.sh` says. An earlier run that broke off may have started it already: then no new boot comes. */
export function startedAgain(said: unknown): boolean {
  return said === undefined || /^guest \S+ started/m.test(String(said));
}

/** What of a domain's XML only a restart changes. */
export function sizeOf(xml: unknown): string {
  return [...String(xml).matchAll(/<memory[^>]*>\d+<|<vcpu[^>]*>\d+<|<source bridge=[^>]*>|<target dev=[^>]*>/g)]
    .map(([found]) => found)
    .join("");
}

/**
 * Budgets hold where another worker can take the pods. On the only worker they would hold it for ever. Who has been told by
 * hand to take no pods takes none afterwards.
 */
export async function drain(node: string, kubectl: Kubectl): Promise<void> {
  const { spec, metadata } = await nodeObject(node, kubectl);
  if (!spec.unschedulable || metadata.annotations?.[EMPTIED_BY] !== undefined) {
    await kubectl("annotate", "node", node, "--overwrite", `${EMPTIED_BY}=${thisRun}`);
  }
  const others = (await readyWorkers(kubectl)).filter((name) => name !== node);
  const common = ["drain", node, "--ignore-daemonsets", "--delete-emptydir-data", `--timeout=${limitSeconds()}s`];
  if (others.length === 0) {
    void pulumi.log.warn(`${node} is the only worker that is ready: what runs there is down until it is back.`);
    await kubectl(...common, "--disable-eviction");
    return;
  }
  try {
    await kubectl(...common);
  } catch (error) {
    await takePods(node, thisRun, kubectl);
    throw new Error(
      `${node} was not restarted: it is not empty after ${limitSeconds()} s. A PodDisruptionBudget holds a pod back, or a pod does not end: ${(error as Error).message}`,
    );
  }
}

/**
 * Lets the node take pods again once its kubelet answers from the new boot: until it does, the API server holds the node
 * for as ready as it was.
 *
 * @param bootBefore identity of the boot before; absent where the guest was not started again
 * @param pauseMilliseconds between two looks
 */
export async function comeBack(
  node: string,
  bootBefore: string | undefined,
  kubectl: Kubectl,
  pauseMilliseconds = 2000,
): Promise<void> {
  const deadline = performance.now() + limitSeconds() * 1000;
  for (;;) {
    const { status } = await nodeObject(node, kubectl);
    if (status.nodeInfo.bootID !== bootBefore && isReady(status)) break;
    if (performance.now() > deadline) {
      throw new Error(
        `${node} was restarted and is not ready after ${limitSeconds()} s: ./grunnmur ssh ${node} journalctl -u kubelet. It takes no pods until: ./grunnmur kubectl uncordon ${node}`,
      );
    }
    await setTimeout(pauseMilliseconds);
  }
  await takePods(node, thisRun, kubectl);
}

/** Lets nodes take pods again that an earlier run has emptied and did not come back to. @returns their names */
export async function releaseEmptied(kubectl: Kubectl): Promise<string[]> {
  const { items } = JSON.parse(await kubectl("get", "nodes", "--output=json")) as { items: NodeObject[] };
  const released: string[] = [];
  for (const { metadata } of items) {
    const run = metadata.annotations?.[EMPTIED_BY];
    if (run === undefined || run === thisRun) continue;
    if (await takePods(metadata.name, run, kubectl)) released.push(metadata.name);
  }
  return released;
}

/** In one step, and only where that run was the last to empty the node: this one may be about to. */
async function takePods(node: string, run: string, kubectl: Kubectl): Promise<boolean> {
  const path = `/metadata/annotations/${EMPTIED_BY.replace("/", "~1")}`;
  const patch = [
    { op: "test", path, value: run },
    { op: "remove", path },
    { op: "add", path: "/spec/unschedulable", value: false },
  ];
  try {
    await kubectl("patch", "node", node, "--type=json", `--patch=${JSON.stringify(patch)}`);
    return true;
  } catch (error) {
    const { metadata } = await nodeObject(node, kubectl);
    if (metadata.annotations?.[EMPTIED_BY] === run) throw error;
    return false;
  }
}

async function nodeObject(node: string, kubectl: Kubectl): Promise<NodeObject> {
  return JSON.parse(await kubectl("get", "node", node, "--output=json")) as NodeObject;
}

function isReady({ conditions }: NodeObject["status"]): boolean {
  return conditions.some(({ type, status }) => type === "Ready" && status === "True");
}

async function readyWorkers(kubectl: Kubectl): Promise<string[]> {
  const { items } = JSON.parse(
    await kubectl("get", "nodes", "--selector=!node-role.kubernetes.io/control-plane", "--output=json"),
  ) as { items: NodeObject[] };
  return items
    .filter(({ spec, status }) => !spec.unschedulable && isReady(status))
    .map(({ metadata }) => metadata.name);
}

interface NodeObject {
  metadata: { name: string; annotations?: Record<string, string> };
  spec: { unschedulable?: boolean };
  status: { conditions: { type: string; status: string }[]; nodeInfo: { bootID: string } };
}

/** kubectl with a kubeconfig that is in memory and only while kubectl runs. */
export function kubectlWith(binary: string, kubeconfig: string): Kubectl {
  return (...args) =>
    withKubeconfig(kubeconfig, async (env) => {
      const child = spawn(binary, args, { env, stdio: ["ignore", "pipe", "pipe"] });
      const ended = new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
      const [out, said, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
      if (code !== 0) {
        throw new Error(`kubectl ${args.slice(0, 2).join(" ")}: ${said.trim().split("\n").slice(-3).join(" ")}`);
      }
      return out;
    });
}
