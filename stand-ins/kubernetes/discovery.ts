import { setTimeout as sleep } from "node:timers/promises";
import { type Api, type Call, Refused } from "./api";
import { list } from "./object";
import type { Kind } from "./token";

/** Where the objects of a kind live. */
export interface Location {
  plural: string;
  namespaced: boolean;
}

const pauseMs = 1000;

/** Asks the API server which kinds it serves. */
export class Discovery {
  private readonly known = new Map<string, Location>();

  constructor(private readonly api: Api) {}

  /**
   * The kind's location, or undefined when it is not served. `patienceMs` allows for a definition
   * that was made a moment ago.
   */
  async find(
    kind: Kind,
    patienceMs: number,
    call: Pick<Call, "signal" | "progress" | "patienceMs">,
  ): Promise<Location | undefined> {
    const name = `${kind.apiVersion} ${kind.kind}`;
    const deadline = Date.now() + patienceMs;
    while (!this.known.has(name)) {
      for (const [served, location] of await this.ask(kind.apiVersion, call)) {
        this.known.set(`${kind.apiVersion} ${served}`, location);
      }
      if (this.known.has(name) || Date.now() + pauseMs > deadline) break;
      call.progress(`waiting for the API server to serve ${name}`);
      await sleep(pauseMs, undefined, { signal: call.signal });
    }
    return this.known.get(name);
  }

  private async ask(
    apiVersion: string,
    call: Pick<Call, "signal" | "progress" | "patienceMs">,
  ): Promise<[string, Location][]> {
    try {
      const answer = await this.api.call({ ...call, method: "GET", path: root(apiVersion) });
      return list(answer, "resources")
        .filter((one) => !String(one.name).includes("/"))
        .map((one) => [String(one.kind), { plural: String(one.name), namespaced: one.namespaced === true }]);
    } catch (error) {
      if (error instanceof Refused && error.status === 404) return [];
      throw error;
    }
  }
}

/** The path of an object, or of its kind's list when `name` is absent. */
export function path(kind: Kind, location: Location, namespace: string | undefined, name?: string): string {
  const within = location.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : "";
  const last = name === undefined ? "" : `/${encodeURIComponent(name)}`;
  return `${root(kind.apiVersion)}${within}/${location.plural}${last}`;
}

function root(apiVersion: string): string {
  return apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}
