import { get } from "node:https";
import { parse } from "yaml";
import { patienceHere } from "./machine";

const LIMIT_SECONDS = 5;

/**
 * The first of these API servers that answers, first of all in their order; the first where none does. So the program goes on
 * where the first control plane is lost, and has the same inputs at every run where it is not.
 *
 * Nothing is told to a server and nothing it says is believed: whoever talks to it afterwards knows the authority.
 */
export async function firstAnswering<S extends { url: string }>(
  servers: readonly [S, ...S[]],
  limitSeconds = LIMIT_SECONDS * patienceHere(),
): Promise<S> {
  if (servers.length === 1) return servers[0];
  const answers = servers.map(({ url }) => doesAnswer(url, limitSeconds));
  for (const [index, answer] of answers.entries()) {
    if (await answer) return servers[index] as S;
  }
  return servers[0];
}

function doesAnswer(url: string, limitSeconds: number): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get(`${url}/readyz`, { rejectUnauthorized: false, agent: false }, (response) => {
      response.resume();
      // An API server that knows nobody anonymous answers 401, and one that is not ready 500.
      resolve((response.statusCode ?? 500) < 500);
    });
    request.setTimeout(limitSeconds * 1000, () => request.destroy());
    request.on("error", () => resolve(false));
  });
}

interface Kubeconfig {
  "current-context": string;
  contexts: { name: string; context: { cluster: string } }[];
  clusters: { name: string; cluster: { server: string } }[];
}

/**
 * The same kubeconfig with the context of an API server that answers as its current one; the current one as it is where it
 * answers, or none does.
 */
export async function atWhomAnswers(kubeconfig: string): Promise<string> {
  const config = parse(kubeconfig) as Kubeconfig;
  const urlOf = (cluster: string) => config.clusters.find(({ name }) => name === cluster)?.cluster.server ?? "";
  const known = config.contexts.map(({ name, context }) => ({ name, url: urlOf(context.cluster) }));
  const current = known.find(({ name }) => name === config["current-context"]);
  if (!current || known.length === 1) return kubeconfig;
  const { name } = await firstAnswering([current, ...known.filter((one) => one !== current)]);
  return name === current.name ? kubeconfig : JSON.stringify({ ...config, "current-context": name });
}
