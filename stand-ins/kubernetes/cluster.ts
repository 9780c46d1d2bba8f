import { setTimeout as sleep } from "node:timers/promises";
import { patience } from "../shared/patience";
import type { Context } from "../shared/provider";
import type { Properties } from "../shared/value";
import { Api, type Call, Refused } from "./api";
import { Discovery, path } from "./discovery";
import { loadKubeconfig } from "./kubeconfig";
import { annotation, at, list, named } from "./object";
import { podTroubles } from "./pods";
import { readiness } from "./readiness";
import type { Settings } from "./settings";
import type { Kind } from "./token";

const fieldManager = "pulumi-kubernetes";
const newKindPatienceMs = 60_000 * patience;
const pollMs = 1000;
/** A server that is slow to answer is asked less often: looking at it takes no more than so much of its time. */
const LOOKING = 1 / 5;

type Talk = Pick<Call, "signal" | "progress" | "patienceMs">;

/** One object's address. `namespace` is absent for objects outside namespaces. */
export interface Address {
  kind: Kind;
  namespace: string | undefined;
  name: string;
}

/** What the provider does with a cluster. Throws `Refused` and `Unreachable`. */
export class Cluster {
  /** Set once it has been given up on. */
  lost = false;
  private readonly api: Api;
  private readonly discovery: Discovery;
  private readonly defaultNamespace: string;

  constructor(private readonly settings: Settings) {
    const config = loadKubeconfig(settings.access);
    this.api = new Api(config);
    this.discovery = new Discovery(this.api);
    const fromContext = config.getContextObject(config.getCurrentContext())?.namespace;
    this.defaultNamespace = settings.namespace ?? fromContext ?? "default";
  }

  /** The live object, or undefined when it, or its whole kind, is not there. */
  async get(address: Address, talk: Talk): Promise<Properties | undefined> {
    const where = await this.path(address, 0, talk);
    if (where === undefined) return undefined;
    return orUndefined(() => this.api.call({ ...talk, method: "GET", path: where }));
  }

  /** Makes the object so, by server-side apply. */
  async apply(object: Properties, address: Address, talk: Talk): Promise<Properties> {
    const where = await this.path(address, newKindPatienceMs, talk);
    if (where === undefined) throw new Error(notServed(address.kind));
    const location = await this.discovery.find(address.kind, 0, talk);
    const namespace = address.namespace ?? this.defaultNamespace;
    const metadata = { ...(object.metadata as Properties), ...(location?.namespaced ? { namespace } : {}) };
    const force = this.settings.patchForce || annotation(object, "patchForce") === "true";
    try {
      return await this.api.call({
        ...talk,
        method: "PATCH",
        path: where,
        query: { fieldManager, force: String(force), fieldValidation: "Warn" },
        body: { ...object, metadata },
      });
    } catch (error) {
      if (!(error instanceof Refused) || error.reason !== "Conflict") throw error;
      throw new Error(
        `${error.message}\nSomebody else manages these fields. Leave them out, or take them over with the annotation pulumi.com/patchForce: "true".`,
      );
    }
  }

  /** Returns when the object does its work; throws with what holds it up when it does not in time. */
  async waitUntilReady(address: Address, timeoutMs: number, talk: Talk): Promise<Properties> {
    const deadline = Date.now() + timeoutMs;
    let shown = "";
    for (;;) {
      const began = Date.now();
      // A restart of the API server is no reason to give up before the time is over.
      const live = await this.get(address, { ...talk, patienceMs: Math.max(0, deadline - Date.now()) });
      if (live === undefined) throw new Error("it was deleted while it was waited for");
      const { state, message } = readiness(live);
      if (state === "ready") return live;
      const late = Date.now() > deadline;
      if (state === "failed" || late) {
        const reason = late ? `not ready after ${Math.round(timeoutMs / 1000)} s: ${message}` : message;
        throw new Error([reason, ...(await this.troubles(live, address, talk))].join("\n"));
      }
      if (message !== shown) talk.progress(message);
      shown = message;
      await sleep(pauseAfter(began), undefined, { signal: talk.signal });
    }
  }

  /** Deletes the object and waits until it is gone. An object that is gone already is fine. */
  async delete(object: Properties, address: Address, timeoutMs: number, talk: Talk): Promise<void> {
    const where = await this.path(address, 0, talk);
    if (where === undefined) return;
    const propagationPolicy = propagation(address.kind, annotation(object, "deletionPropagationPolicy"));
    const body = { apiVersion: "v1", kind: "DeleteOptions", propagationPolicy };
    const found = await orUndefined(() => this.api.call({ ...talk, method: "DELETE", path: where, body }));
    if (found === undefined || annotation(object, "skipAwait") === "true") return;
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const began = Date.now();
      const live = await this.get(address, talk);
      // Another object may have taken the name in the meantime.
      if (live === undefined || named(live, "uid") !== (named(object, "uid") ?? named(live, "uid"))) return;
      const finalizers = at(live, "metadata", "finalizers");
      const held = Array.isArray(finalizers) && finalizers.length > 0 ? ` (finalizers: ${finalizers.join(", ")})` : "";
      if (Date.now() > deadline) throw new Error(`not gone after ${Math.round(timeoutMs / 1000)} s${held}`);
      talk.progress(`waiting until it is gone${held}`);
      await sleep(pauseAfter(began), undefined, { signal: talk.signal });
    }
  }

  private async path(address: Address, patienceMs: number, talk: Talk): Promise<string | undefined> {
    const location = await this.discovery.find(address.kind, patienceMs, talk);
    if (location === undefined) return undefined;
    return path(address.kind, location, address.namespace ?? this.defaultNamespace, address.name);
  }

  /** What the pods behind an object say. Never throws: it only adds to another error. */
  private async troubles(live: Properties, address: Address, talk: Talk): Promise<string[]> {
    const labels = at(live, "spec", "selector", "matchLabels") as Record<string, string> | undefined;
    if (labels === undefined || !/^(apps|batch)\//.test(address.kind.apiVersion)) return [];
    const labelSelector = Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(",");
    const where = `/api/v1/namespaces/${named(live, "namespace") ?? this.defaultNamespace}/pods`;
    try {
      const pods = await this.api.call({
        ...talk,
        method: "GET",
        path: where,
        query: { labelSelector },
        patienceMs: 0,
      });
      return podTroubles(list(pods, "items"));
    } catch {
      return [];
    }
  }
}

/** Until the next look, where the last one began then. */
const pauseAfter = (began: number): number => Math.min(Math.max(pollMs, (Date.now() - began) / LOOKING), 15_000);

/** How a resource's calls report and stop. */
export function talk(context: Context, patienceMs?: number): Talk {
  return { signal: context.signal, progress: (message) => context.log.progress(message), patienceMs };
}

async function orUndefined<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return undefined;
    throw error;
  }
}

function notServed(kind: Kind): string {
  return `the API server does not serve ${kind.kind} of ${kind.apiVersion}. Is its CustomResourceDefinition there, and does this resource depend on it?`;
}

/** Workloads are gone when their pods are. Everything else goes at once, without work for the garbage collector. */
function propagation(kind: Kind, wanted: string | undefined): string {
  const words = ["Foreground", "Background", "Orphan"];
  const fitting = /^(apps|batch)\//.test(kind.apiVersion) ? "Foreground" : "Background";
  return words.find((word) => word.toLowerCase() === wanted?.toLowerCase()) ?? fitting;
}
