import { X509Certificate } from "node:crypto";
import { connect } from "node:tls";
import { parse } from "yaml";
import type { Outputs } from "../pulumi/outputs";
import type { Report } from "./report";

/**
 * When the certificates end that the environment is reached by: the administrator's, and those that the API servers, the
 * registry and the ingress show. Who does not show one in time is left out. Only the date is read of them, and nothing is sent.
 */
export async function certificates(outputs: Outputs, limitSeconds: number): Promise<Report["certificates"]> {
  const { nodes = [], registry, ingress, kubeconfig } = outputs;
  const servers: [of: string, reach: string, port: number, servername?: string][] = nodes
    .filter(({ role }) => role === "control-plane")
    .map(({ name, reach }) => [`${name}'s API server`, reach, 6443]);
  if (registry) servers.push(["the registry", registry.reach ?? registry.address, 443, registry.host]);
  for (const reach of ingress?.reach.slice(0, 1) ?? []) servers.push(["the ingress", reach, 443]);
  const shown = servers.map(async ([of, reach, port, servername]) => {
    const ends = await shownBy(reach, port, servername, limitSeconds);
    return ends === undefined ? [] : [{ of, ends }];
  });
  const own = administrator(kubeconfig);
  const all = [...(own ? [{ of: "the administrator", ends: own }] : []), ...(await Promise.all(shown)).flat()];
  return all.sort((a, b) => a.ends.localeCompare(b.ends));
}

function administrator(kubeconfig: string | undefined): string | undefined {
  if (!kubeconfig) return undefined;
  const { users } = parse(kubeconfig) as { users: { user: { "client-certificate-data"?: string } }[] };
  const data = users[0]?.user["client-certificate-data"];
  return data && iso(new X509Certificate(Buffer.from(data, "base64")).validTo);
}

function shownBy(
  reach: string,
  usual: number,
  servername: string | undefined,
  limitSeconds: number,
): Promise<string | undefined> {
  const [host = "", port] = reach.split(":");
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port ?? usual), servername, rejectUnauthorized: false });
    const finish = (ends?: string): void => {
      socket.destroy();
      resolve(ends);
    };
    socket.setTimeout(limitSeconds * 1000, () => finish());
    socket.on("error", () => finish());
    socket.on("close", () => finish());
    socket.on("secureConnect", () => finish(iso(socket.getPeerCertificate().valid_to)));
  });
}

const iso = (date: string): string => new Date(date).toISOString();
