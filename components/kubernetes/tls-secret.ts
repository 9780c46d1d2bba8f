import * as pulumi from "@pulumi/pulumi";
import type { Certificate } from "../keys/certificates";

/** The manifest of a Secret by which a program of the platform's proves itself: `tls.crt` and `tls.key` in PEM. */
export function tlsSecret(name: string, namespace: string, certificate: pulumi.Output<Certificate>): object {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, namespace },
    type: "kubernetes.io/tls",
    stringData: pulumi.secret({
      "tls.crt": certificate.apply((each) => each.certificate),
      "tls.key": certificate.apply((each) => each.privateKey),
    }),
  };
}
