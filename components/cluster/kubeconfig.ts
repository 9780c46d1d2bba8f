import type { Certificate } from "../keys/certificates";

export interface KubeconfigArgs {
  clusterName: string;
  /** Such as `https://10.20.0.11:6443`. */
  server: string;
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

function render({ clusterName, server, caPem }: KubeconfigArgs, user: object): string {
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: clusterName, cluster: { server, "certificate-authority-data": base64(caPem) } }],
    users: [{ name: "user", user }],
    contexts: [{ name: clusterName, context: { cluster: clusterName, user: "user" } }],
    "current-context": clusterName,
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
