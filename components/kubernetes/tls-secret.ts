import type * as pulumi from "@pulumi/pulumi";
import type { Certificate } from "../keys/certificates";
import { secretManifest } from "./secret";

/** The manifest of a Secret by which a program of the platform's proves itself: `tls.crt` and `tls.key` in PEM. */
export function tlsSecret(name: string, namespace: string, certificate: pulumi.Output<Certificate>): object {
  return secretManifest(name, namespace, "kubernetes.io/tls", {
    "tls.crt": certificate.apply((each) => each.certificate),
    "tls.key": certificate.apply((each) => each.privateKey),
  });
}
