import { derive } from "../keys/derive";
import { bootstrapGroup } from "./kubeadm";
import { yaml } from "./yaml";

/** The token with which one machine joins, `id.secret`; a machine made anew has another. A secret. */
export function joinToken(seed: string, machine: string): string {
  const letters = (purpose: string, length: number) =>
    [...derive(seed, `${purpose}/${machine}`, length)].map((byte) => (byte % 36).toString(36)).join("");
  return `${letters("join-token-id", 6)}.${letters("join-token-secret", 16)}`;
}

/** The token as the object that lets its machine join; the script that applies it writes when it ends. A secret. */
export function tokenSecret(token: string): string {
  const [id = "", secret = ""] = token.split(".");
  return yaml({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: `bootstrap-token-${id}`, namespace: "kube-system" },
    type: "bootstrap.kubernetes.io/token",
    stringData: {
      "token-id": id,
      "token-secret": secret,
      expiration: "EXPIRATION",
      "usage-bootstrap-authentication": "true",
      "usage-bootstrap-signing": "true",
      "auth-extra-groups": bootstrapGroup,
    },
  });
}
