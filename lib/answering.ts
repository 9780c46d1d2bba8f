import { get } from "node:https";
import { parse } from "yaml";
import { patienceHere } from "./machine";

const LIMIT_SECONDS = 5;
const SILENT_SECONDS = 60;

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

/** @param silentSeconds how long one is waited for that took the connection and says nothing */
function look(url: string, limitSeconds: number, silentSeconds = limitSeconds): Promise<State> {
  return new Promise((resolve) => {
    let state = State.gone;
    const request = get(`${url}/readyz`, { rejectUnauthorized: false, agent: false }, (response) => {
      response.resume();
      // An API server that knows nobody anonymous answers 401, and one that is not ready 500.
      resolve((response.statusCode ?? 500) < 500 ? State.answers : State.there);
    });
    // Timers of our own: Node's timeout of a request does not run while its socket connects.
    const destroy = () => request.destroy();
    let timer = setTimeout(destroy, limitSeconds * 1000);
    request.on("socket", (socket) => {
      socket.on("connect", () => {
        clearTimeout(timer);
        timer = setTimeout(destroy, silentSeconds * 1000);
      });
      // A forwarder accepts connections for a guest that is off; what shows a certificate is there.
      socket.on("secureConnect", () => {
        state = State.there;
      });
    });
    request.on("error", () => resolve(state));
    request.on("close", () => clearTimeout(timer));
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
  const { config, known, current } = read(kubeconfig);
  if (!current || known.length === 1) return kubeconfig;
  const rest = known.filter((one) => one !== current);
  const [first = current, ...others] = [current, ...rest].sort((a, b) => Number(a.inFront) - Number(b.inFront));
  const { name } = await firstAnswering([first, ...others]);
  return name === current.name ? kubeconfig : JSON.stringify({ ...config, "current-context": name });
}

/**
 * The same for kubectl, which gives the start of a TLS connection ten seconds and ends with an error after them: an API server
 * that has taken the connection and says nothing, as on a machine that is busy or emulated, is waited for here first. One that
 * is not there is kubectl's to tell of.
 */
export async function whenItAnswers(
  kubeconfig: string,
  limitSeconds = LIMIT_SECONDS * patienceHere(),
  silentSeconds = SILENT_SECONDS * patienceHere(),
): Promise<string> {
  const chosen = await atWhomAnswers(kubeconfig);
  const { current } = read(chosen);
  if (current) await look(current.url, limitSeconds, silentSeconds);
  return chosen;
}

function read(kubeconfig: string) {
  const config = parse(kubeconfig) as Kubeconfig;
  const known = config.contexts.map(({ name, context }) => {
    const cluster = config.clusters.find(({ name: own }) => own === context.cluster)?.cluster;
    return { name, url: cluster?.server ?? "", inFront: cluster?.["tls-server-name"] !== undefined };
  });
  return { config, known, current: known.find(({ name }) => name === config["current-context"]) };
}
