import { get } from "node:https";
import { parse } from "yaml";
import { patienceHere } from "./machine";

const LIMIT_SECONDS = 5;

/** Nobody is there; somebody is, and is late or not ready; it answers. */
enum State {
  gone,
  there,
  answers,
}

/**
 * The first of these API servers that answers, first of all in their order; where none does, the first that is there at all,
 * since one that starts or looks for a leader will answer. So the program goes on where the first control plane is lost, and
 * has the same inputs at every run where it is not.
 *
 * Nothing is told to a server and nothing it says is believed: whoever talks to it afterwards knows the authority.
 */
export async function firstAnswering<S extends { url: string }>(
  servers: readonly [S, ...S[]],
  limitSeconds = LIMIT_SECONDS * patienceHere(),
): Promise<S> {
  if (servers.length === 1) return servers[0];
  const looks = servers.map(({ url }) => look(url, limitSeconds));
  const states: State[] = [];
  for (const [index, found] of looks.entries()) {
    const state = await found;
    if (state === State.answers) return servers[index] as S;
    states.push(state);
  }
  return servers[Math.max(0, states.indexOf(State.there))] as S;
}

function look(url: string, limitSeconds: number): Promise<State> {
  return new Promise((resolve) => {
    let state = State.gone;
    const request = get(`${url}/readyz`, { rejectUnauthorized: false, agent: false }, (response) => {
      response.resume();
      // An API server that knows nobody anonymous answers 401, and one that is not ready 500.
      resolve((response.statusCode ?? 500) < 500 ? State.answers : State.there);
    });
    // A forwarder accepts connections for a guest that is off; what shows a certificate is there.
    request.on("socket", (socket) =>
      socket.on("secureConnect", () => {
        state = State.there;
      }),
    );
    request.setTimeout(limitSeconds * 1000, () => request.destroy());
    request.on("error", () => resolve(state));
  });
}

interface Kubeconfig {
  "current-context": string;
  contexts: { name: string; context: { cluster: string } }[];
  clusters: { name: string; cluster: { server: string; "tls-server-name"?: string } }[];
}

/**
 * The same kubeconfig with the context of an API server that answers as its current one; the current one as it is where it
 * answers, or none does. What stands in front of them all is asked last: it may be wrong where they are not.
 */
export async function atWhomAnswers(kubeconfig: string): Promise<string> {
  const config = parse(kubeconfig) as Kubeconfig;
  const known = config.contexts.map(({ name, context }) => {
    const cluster = config.clusters.find(({ name: own }) => own === context.cluster)?.cluster;
    return { name, url: cluster?.server ?? "", inFront: cluster?.["tls-server-name"] !== undefined };
  });
  const current = known.find(({ name }) => name === config["current-context"]);
  if (!current || known.length === 1) return kubeconfig;
  const rest = known.filter((one) => one !== current);
  const [first = current, ...others] = [current, ...rest].sort((a, b) => Number(a.inFront) - Number(b.inFront));
  const { name } = await firstAnswering([first, ...others]);
  return name === current.name ? kubeconfig : JSON.stringify({ ...config, "current-context": name });
}
