import { randomUUID } from "node:crypto";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import type { Properties } from "../shared/value";
import { at, named } from "./object";

/** An API server on loopback that keeps what it is given. For tests. */
export interface FakeApi {
  kubeconfig: string;
  /** The live objects by path, such as `/api/v1/namespaces/team`. */
  objects: Map<string, Properties>;
  /** Every call that changed something, as `METHOD path?query`. */
  changes: string[];
  /** How many calls from now on are answered with 503, as by a server that is starting. */
  failing: number;
  close(): Promise<void>;
}

const served: Record<string, { kind: string; name: string; namespaced: boolean }[]> = {
  "/api/v1": [
    { kind: "Namespace", name: "namespaces", namespaced: false },
    { kind: "ConfigMap", name: "configmaps", namespaced: true },
    { kind: "Secret", name: "secrets", namespaced: true },
    { kind: "Pod", name: "pods", namespaced: true },
  ],
  "/apis/apps/v1": [{ kind: "Deployment", name: "deployments", namespaced: true }],
  "/apis/example.org/v1": [{ kind: "Thing", name: "things", namespaced: true }],
};

/** Deployments become available at once, but for those whose name starts with `stuck`. */
export async function fakeApi(): Promise<FakeApi> {
  const api = { objects: new Map<string, Properties>(), changes: [] as string[], failing: 0 };
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks).toString();
      const { status, answer } = answerTo(api, request, body === "" ? {} : (JSON.parse(body) as Properties));
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return Object.assign(api, { kubeconfig: kubeconfig(url), close });
}

type Store = Omit<FakeApi, "kubeconfig" | "close">;

function answerTo(api: Store, request: http.IncomingMessage, body: Properties): { status: number; answer: unknown } {
  if (api.failing > 0) {
    api.failing--;
    return refusal(503, "ServiceUnavailable", "the server is starting");
  }
  const url = new URL(request.url ?? "", "http://fake");
  const path = url.pathname;
  if (request.method !== "GET") api.changes.push(`${request.method} ${path}${url.search}`);
  if (served[path] !== undefined) return { status: 200, answer: { resources: served[path] } };
  if (path.endsWith("/pods")) return { status: 200, answer: { items: [stuckPod] } };
  const old = api.objects.get(path);
  if (request.method === "PATCH") return { status: 200, answer: apply(api, path, old, body) };
  if (old === undefined) return refusal(404, "NotFound", `${path} not found`);
  if (request.method === "DELETE") api.objects.delete(path);
  return { status: 200, answer: old };
}

function apply(api: Store, path: string, old: Properties | undefined, body: Properties): Properties {
  const generation = Number(at(old, "metadata", "generation") ?? 0) + 1;
  const uid = at(old, "metadata", "uid") ?? randomUUID();
  const metadata: Properties = {
    ...(body.metadata as Properties),
    uid,
    generation,
    managedFields: [{ manager: "fake" }],
  };
  const live: Properties = { ...body, metadata, status: statusOf(body, generation) };
  api.objects.set(path, live);
  return live;
}

function statusOf(body: Properties, observedGeneration: number): Properties {
  if (body.kind === "Namespace") return { phase: "Active" };
  const replicas = Number(at(body, "spec", "replicas") ?? 1);
  const availableReplicas = named(body, "name")?.startsWith("stuck") ? 0 : replicas;
  return { observedGeneration, replicas, updatedReplicas: replicas, availableReplicas };
}

const stuckPod = {
  metadata: { name: "stuck-1" },
  status: {
    containerStatuses: [{ name: "app", state: { waiting: { reason: "ImagePullBackOff", message: "no such image" } } }],
  },
};

function refusal(status: number, reason: string, message: string) {
  return { status, answer: { kind: "Status", status: "Failure", reason, message } };
}

function kubeconfig(server: string): string {
  return JSON.stringify({
    clusters: [{ name: "c", cluster: { server, "insecure-skip-tls-verify": true } }],
    users: [{ name: "u", user: { token: "token-that-nobody-may-see" } }],
    contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
    "current-context": "x",
  });
}
