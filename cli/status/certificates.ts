import { X509Certificate } from "node:crypto";
import { connect } from "node:tls";
import { parse } from "yaml";
import type { Outputs } from "../pulumi/outputs";
import { AUTHORITY } from "./renewal";
import type { Report } from "./report";

/**
 * When the certificates end that the environment is reached by: the administrator's, and those that the API servers, the
 * registry and the ingress show. Who does not show one in time is left out. Only the date and the issuer are read, and nothing
 * is sent.
 * @returns `awaited`: names for which an ACME server has given none yet
 */
export async function certificates(
  outputs: Outputs,
  limitSeconds: number,
): Promise<{ ends: Report["certificates"]; awaited: string[] }> {
  const { nodes = [], registry, ingress, kubeconfig } = outputs;
  const servers: [of: string, reach: string, port: number, servername?: string][] = nodes
    .filter(({ role }) => role === "control-plane")
    .map(({ name, reach }) => [`${name}'s API server`, reach, 6443]);
  if (registry) servers.push(["the registry", registry.reach ?? registry.address, 443, registry.host]);
  const names = ingress?.acme ? ingress.hosts : [undefined];
  for (const reach of ingress?.reach.slice(0, 1) ?? [])
    for (const name of names) servers.push([name ?? "the ingress", reach, 443, name]);
  const shown = await Promise.all(
    servers.map(async ([of, reach, port, servername]) => {
      const certificate = await shownBy(reach, port, servername, limitSeconds);
      return certificate ? [{ of, certificate }] : [];
    }),
  );
  const own = ingress?.acme && ingress.caPem ? new X509Certificate(ingress.caPem) : undefined;
  const awaited = shown.flat().filter(({ certificate }) => own && certificate.verify(own.publicKey));
  const others = shown.flat().filter((one) => !awaited.includes(one));
  const all = [
    ...ofKubeconfig(kubeconfig),
    ...others.map(({ of, certificate }) => ({ of, ends: iso(certificate.validTo) })),
  ];
  return { ends: all.sort((a, b) => a.ends.localeCompare(b.ends)), awaited: awaited.map(({ of }) => of) };
}

/** What the administrator proves himself by, and the authority that signs such. */
function ofKubeconfig(kubeconfig: string | undefined): Report["certificates"] {
  if (!kubeconfig) return [];
  const { clusters, users } = parse(kubeconfig) as {
    clusters: { cluster: { "certificate-authority-data"?: string } }[];
    users: { user: { "client-certificate-data"?: string } }[];
  };
  return [
    { of: "the administrator", data: users[0]?.user["client-certificate-data"] },
    { of: AUTHORITY, data: clusters[0]?.cluster["certificate-authority-data"] },
  ].flatMap(({ of, data }) => {
    // Of two, while they are rotated, the first one signs.
    return data ? [{ of, ends: iso(new X509Certificate(Buffer.from(data, "base64")).validTo) }] : [];
  });
}

function shownBy(
  reach: string,
  usual: number,
  servername: string | undefined,
  limitSeconds: number,
): Promise<X509Certificate | undefined> {
  const [host = "", port] = reach.split(":");
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port ?? usual), servername, rejectUnauthorized: false });
    const finish = (found?: X509Certificate): void => {
      socket.destroy();
      resolve(found);
    };
    socket.setTimeout(limitSeconds * 1000, () => finish());
    socket.on("error", () => finish());
    socket.on("close", () => finish());
    socket.on("secureConnect", () => finish(socket.getPeerX509Certificate()));
  });
}

const iso = (date: string): string => new Date(date).toISOString();
