import type { Certificate } from "../keys/certificates";

/** An API server. */
export interface Server {
  /** Of its context. */
  name: string;
  /** Such as `https://10.20.0.11:6443`. */
  url: string;
  /** Name in its certificate, where that is not the host of its address. */
  certifiedAs?: string;
}

export interface KubeconfigArgs {
  /** A context for each; the first is the current one. */
  servers: [Server, ...Server[]];
  caPem: string;
}

/** A kubeconfig for a client certificate (JSON is YAML); a secret. */
export function kubeconfig(args: KubeconfigArgs, client: Certificate): string {
  return render(args, {
    "client-certificate-data": base64(client.certificate),
    "client-key-data": base64(client.privateKey),
  });
}

/** A kubeconfig with which a node finds and trusts the cluster while it joins; a secret. */
export function discoveryKubeconfig(args: KubeconfigArgs, token: string): string {
  return render(args, { token });
}

function render({ servers, caPem }: KubeconfigArgs, user: object): string {
  const authority = base64(caPem);
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: servers.map(({ name, url, certifiedAs }) => ({
      name,
      cluster: {
        server: url,
        "certificate-authority-data": authority,
        ...(certifiedAs ? { "tls-server-name": certifiedAs } : {}),
      },
    })),
    users: [{ name: "user", user }],
    contexts: servers.map(({ name }) => ({ name, context: { cluster: name, user: "user" } })),
    "current-context": servers[0].name,
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
