import { parse } from "yaml";
import { Connection } from "./connection";
import { type Look, look } from "./look";

/**
 * Reads objects from an API server. A few reads do not need a client library, which takes seconds to load on a busy
 * machine: longer than all the answers.
 */
export type KubeApi = <T>(path: string, as?: "json" | "text") => Promise<Look<T | undefined>>;

interface Kubeconfig {
  "current-context": string;
  contexts: { name: string; context: { cluster: string; user: string } }[];
  clusters: {
    name: string;
    cluster: { server: string; "certificate-authority-data"?: string; "tls-server-name"?: string };
  }[];
  users: { name: string; user: { "client-certificate-data"?: string; "client-key-data"?: string } }[];
}

/**
 * The API server of a kubeconfig's current context, with its client certificate.
 * The function returned gives undefined for what does not exist. @throws where the kubeconfig cannot be read
 */
export function kubeApi(kubeconfig: string, limitSeconds: number): KubeApi {
  const config = parse(kubeconfig) as Kubeconfig;
  const context = config.contexts.find(({ name }) => name === config["current-context"])?.context;
  const cluster = config.clusters.find(({ name }) => name === context?.cluster)?.cluster;
  const user = config.users.find(({ name }) => name === context?.user)?.user;
  if (!cluster || !user) throw new Error("the kubeconfig's current context has no cluster or no user");
  const connection = new Connection(cluster.server, {
    ca: decode(cluster["certificate-authority-data"]),
    cert: decode(user["client-certificate-data"]),
    key: decode(user["client-key-data"]),
    ...(cluster["tls-server-name"] ? { servername: cluster["tls-server-name"] } : {}),
  });
  return async <T>(path: string, as = "json") => {
    const found = await look((seconds) => connection.get(path, seconds), limitSeconds);
    if (found.state !== "answered") return found;
    const { status, body } = found.value;
    if (status === 404) return { state: "answered", value: undefined };
    if (status !== 200) return { state: "refused", detail: `it answered ${status} to ${path}` };
    return { state: "answered", value: (as === "json" ? JSON.parse(body) : body) as T };
  };
}

/** @throws where the API does not answer */
export async function itemsOf<T>(api: KubeApi, path: string): Promise<T[]> {
  const found = await api<{ items: T[] }>(path);
  if (found.state !== "answered") throw new Error(`the cluster's API did not answer: ${found.detail}`);
  return found.value?.items ?? [];
}

const decode = (base64: string | undefined): Buffer | undefined => (base64 ? Buffer.from(base64, "base64") : undefined);
