import * as http from "node:http";
import * as https from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import type { KubeConfig } from "@kubernetes/client-node";
import limit from "p-limit";
import { patience } from "../shared/patience";
import { isObject, type Properties } from "../shared/value";

/** The API server answered, and the answer is no. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
    /** Kubernetes' own word for it, such as `Conflict`; undefined when the answer was not Kubernetes'. */
    readonly reason: string | undefined,
  ) {
    super(message);
  }
}

/** Nothing that speaks for the cluster answered. */
export class Unreachable extends Error {}

export interface Call {
  method: "GET" | "PATCH" | "DELETE";
  path: string;
  query?: Record<string, string>;
  body?: Properties;
  /** How long to go on trying while the server does not answer or is overloaded. */
  patienceMs?: number;
  signal: AbortSignal;
  progress(message: string): void;
}

const answerMs = 60_000 * patience;
const defaultPatienceMs = 120_000 * patience;
const firstPauseMs = 200;
const longestPauseMs = 2000;
/** After a request that the server gave up on. */
const longestRestMs = 120_000;
/** Requests at once. An administrator's are not queued by the API server as all others are, which would wait behind ours. */
const AT_ONCE = 4;
const brokenConnection = new Set([
  ...["ECONNREFUSED", "ECONNRESET", "ECONNABORTED", "EPIPE", "ETIMEDOUT"],
  ...["EHOSTUNREACH", "ENETUNREACH", "EAI_AGAIN", "ENOTFOUND"],
]);

/**
 * The Kubernetes API as JSON over HTTPS. The typed clients of @kubernetes/client-node drop fields
 * that their models do not know, so that library only reads the kubeconfig and opens connections.
 */
export class Api {
  private options: Promise<https.RequestOptions> | undefined;
  private readonly inTurn = limit(AT_ONCE);

  constructor(private readonly config: KubeConfig) {}

  /** The answer's JSON. Every call can be repeated without harm, so a lost answer is simply asked for again. */
  async call(call: Call): Promise<Properties> {
    const deadline = Date.now() + (call.patienceMs ?? defaultPatienceMs);
    let restMs = 0;
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 1.5, longestPauseMs)) {
      let tookMs = 0;
      try {
        return await this.inTurn(async () => {
          call.signal.throwIfAborted();
          const began = Date.now();
          try {
            return await this.once(call);
          } finally {
            tookMs = Date.now() - began;
          }
        });
      } catch (error) {
        restMs = gaveUp(error) ? Math.min(Math.max(tookMs, restMs * 2), longestRestMs) : 0;
        pauseMs = Math.max(pauseMs, restMs);
        const passing = isPassing(error) || (await this.refusesAll(error, call));
        if (!passing || Date.now() + pauseMs > deadline) throw error;
        call.progress(`the API server does not answer as it should yet (${(error as Error).message})`);
      }
      await sleep(pauseMs, undefined, { signal: call.signal });
    }
  }

  /** Whether a refusal is only that of a server which has started and not yet read who may do what: it refuses everybody. */
  private async refusesAll(error: unknown, call: Call): Promise<boolean> {
    if (!(error instanceof Refused) || error.status !== 403 || error.reason !== "Forbidden") return false;
    try {
      const { status } = await this.send({ ...call, method: "GET", path: "/readyz", query: {}, body: undefined });
      return status !== 200;
    } catch {
      return true;
    }
  }

  private async once(call: Call): Promise<Properties> {
    const { status, text } = await this.send(call);
    if (status === 401) this.options = undefined;
    return readAnswer(status, text);
  }

  private async send(call: Call): Promise<{ status: number; text: string }> {
    const server = this.config.getCurrentCluster()?.server ?? "";
    const url = new URL(server.replace(/\/+$/, "") + call.path);
    for (const [name, value] of Object.entries(call.query ?? {})) url.searchParams.set(name, value);
    const body = call.body === undefined ? undefined : JSON.stringify(call.body);
    const contentType = call.method === "PATCH" ? "application/apply-patch+yaml" : "application/json";
    this.options ??= this.connectionOptions();
    const options = await this.options;
    const headers = {
      ...options.headers,
      accept: "application/json",
      // Whoever reads the audit log tells what `up` wrote from what a person did.
      "user-agent": "grunnmur-kubernetes",
      ...(body === undefined ? {} : { "content-type": contentType, "content-length": Buffer.byteLength(body) }),
    };
    return send(url, { ...options, method: call.method, headers, timeout: answerMs }, body);
  }

  private async connectionOptions(): Promise<https.RequestOptions> {
    const options: https.RequestOptions = {};
    await this.config.applyToHTTPSOptions(options);
    // The library's own makes a connection for each request, and a handshake of TLS costs more than most requests.
    const { agent } = options;
    if (agent && Object.getPrototypeOf(agent) === https.Agent.prototype)
      options.agent = new https.Agent({ ...(agent as https.Agent).options, keepAlive: true, maxSockets: AT_ONCE });
    return options;
  }
}

function send(
  url: URL,
  options: https.RequestOptions,
  body: string | undefined,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const unreachable = (error: NodeJS.ErrnoException) => {
      // Told by its code: the message of a TLS error may quote certificates.
      const what = error.code ?? error.message;
      reject(Object.assign(new Unreachable(`${url.host}: ${what}`), { code: error.code }));
    };
    const request = (url.protocol === "http:" ? http : https).request(url, options, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", unreachable);
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") }),
      );
    });
    request.on("timeout", () => request.destroy(Object.assign(new Error("no answer"), { code: "ETIMEDOUT" })));
    request.on("error", unreachable);
    request.end(body);
  });
}

function readAnswer(status: number, text: string): Properties {
  let answer: Properties | undefined;
  try {
    answer = JSON.parse(text) as Properties;
  } catch {
    // Not Kubernetes speaking, but something in front of it, or a path that is not served yet.
  }
  if (status >= 200 && status < 300 && isObject(answer)) return answer;
  const message = typeof answer?.message === "string" ? answer.message : text.slice(0, 300).trim();
  const reason = typeof answer?.reason === "string" ? answer.reason : undefined;
  throw new Refused(status, message || `HTTP status ${status}`, reason);
}

/**
 * Whether the server has let a request go that took it too long. It may go on with it for minutes: asked again at once it would do
 * the same work twice at a time, then three times, and never come to an end.
 */
function gaveUp(error: unknown): boolean {
  if (error instanceof Unreachable) return (error as NodeJS.ErrnoException).code === "ETIMEDOUT";
  return error instanceof Refused && (error.status === 504 || error.reason === "Timeout");
}

/** Whether the same call may work in a moment. */
function isPassing(error: unknown): boolean {
  if (error instanceof Unreachable) return brokenConnection.has((error as NodeJS.ErrnoException).code ?? "");
  if (!(error instanceof Refused)) return false;
  if ([429, 502, 503, 504].includes(error.status)) return true;
  return error.status === 500 && /etcdserver|timed? ?out|connection refused|no leader/i.test(error.message);
}
