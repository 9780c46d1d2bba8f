import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { KubernetesObject, parse } from "../kubernetes/manifest";
import { tlsSecret } from "../kubernetes/tls-secret";
import { type Pace, paceOf } from "../pace";
import { script } from "../script";
import type { ServedCertificate } from "./certificate";

export interface IngressHost {
  /** A DNS name, or `*.` and a name for all names one label below it. */
  name: string;
  /** Whose Ingress objects may answer for it. */
  namespaces: string[];
}

export interface AcmeServer {
  /** Its address. */
  directory: string;
  /** To whom it may write. */
  contact?: string;
  /** PEM of those that signed its own certificate; public ones where it is absent. */
  authority?: string;
}

export interface IngressArgs {
  provider: pulumi.ProviderResource;
  /** Of the agent, with its tag. */
  image: string;
  /** When nodes can pull the image. */
  imageReady: pulumi.Resource[];
  hosts: IngressHost[];
  /** Of the workers, at which the hosts answer. */
  addresses: string[];
  /** Addresses of pods, such as `10.244.0.0/16`. */
  podCidr: string;
  /** For all hosts, where an ACME server has given none; a secret. */
  certificate: pulumi.Output<ServedCertificate>;
  acme?: AcmeServer;
  emulated: boolean;
  /** What takes the whole cluster along when it is deleted; absent where the cluster may outlive the stack. */
  deletedWith?: pulumi.Resource;
}

/** The way in from outside: on each worker an agent that answers for the hosts, and takes each to the pods behind it. */
export class Ingress extends pulumi.ComponentResource {
  constructor(name: string, args: IngressArgs, opts?: pulumi.ComponentResourceOptions) {
    const { provider, image, hosts, addresses, certificate, deletedWith } = args;
    super("grunnmur:ingress:Ingress", name, { image, hosts, addresses }, opts);
    const object = (manifest: object, dependsOn: pulumi.Resource[]) =>
      new KubernetesObject(name, manifest, { parent: this, provider, deletedWith, dependsOn });
    const files = ["rbac", ...(args.acme ? ["acme"] : [])];
    const rights = files.flatMap((file) => parse(script(`ingress/files/${file}.yaml`))).map((one) => object(one, []));
    if (args.acme?.authority) rights.push(object(authorities(args.acme.authority), []));
    const identity = object(tlsSecret(certificateName, namespace, certificate), []);
    // In front of the agent from its beginning: the agent writes into it where it answers.
    const front = object(service, rights);
    object(agent(args, paceOf(args.emulated)), [...rights, identity, front, ...args.imageReady]);
    this.registerOutputs({});
  }
}

const app = "ingress";
const namespace = "kube-system";
const certificateName = "ingress-tls";
const healthPort = 9467;

/**
 * kube-proxy takes what comes to the workers' addresses, which the agent writes into its status, to the agent of that same node: so
 * the address of who asks stays what it is. Deployed before there are any, it is waited for by nobody.
 */
export const service = {
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: app, namespace, annotations: { "pulumi.com/skipAwait": "true" } },
  spec: {
    type: "LoadBalancer",
    loadBalancerClass: "grunnmur.internal/ingress",
    allocateLoadBalancerNodePorts: false,
    externalTrafficPolicy: "Local",
    selector: { app },
    ports: [
      { name: "http", port: 80, targetPort: "http" },
      { name: "https", port: 443, targetPort: "https" },
    ],
  },
};

function authorities(pem: string): object {
  const metadata = { name: authoritiesName(pem), namespace };
  return { apiVersion: "v1", kind: "ConfigMap", metadata, data: { "ca.crt": pem } };
}

/** Another one for other authorities: a pod that runs reads them no second time. */
const authoritiesName = (pem: string): string =>
  `ingress-acme-server-${createHash("sha256").update(pem).digest("hex").slice(0, 8)}`;

/** The DaemonSet: on workers, in the pods' network, without any right over its node. */
export function agent(
  { image, hosts, addresses, podCidr, acme }: Pick<IngressArgs, "image" | "hosts" | "addresses" | "podCidr" | "acme">,
  { liveness, readiness }: Pace,
): object {
  const httpGet = { port: healthPort, path: "/readyz" };
  return {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: { name: app, namespace, labels: { app } },
    spec: {
      selector: { matchLabels: { app } },
      // The next one answers before the last one ends: a worker that nobody answers on refuses.
      updateStrategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      template: {
        metadata: { labels: { app } },
        spec: {
          serviceAccountName: app,
          priorityClassName: "system-node-critical",
          // For what is asked already, after the sleep below.
          terminationGracePeriodSeconds: 20,
          securityContext: {
            runAsNonRoot: true,
            runAsUser: 65534,
            runAsGroup: 65534,
            fsGroup: 65534,
            seccompProfile: { type: "RuntimeDefault" },
          },
          containers: [
            {
              name: "agent",
              image,
              imagePullPolicy: "IfNotPresent",
              args: [
                `--pods=${podCidr}`,
                ...addresses.map((address) => `--address=${address}`),
                ...hosts.map(({ name, namespaces }) => `--host=${name}=${namespaces.join(",")}`),
                `--health=:${healthPort}`,
                ...(acme ? [`--acme=${acme.directory}`] : []),
                ...(acme?.contact ? [`--acme-contact=${acme.contact}`] : []),
                ...(acme?.authority ? ["--acme-authorities=/acme/ca.crt"] : []),
              ],
              env: [{ name: "GOMEMLIMIT", value: "200MiB" }],
              ports: [
                { name: "http", containerPort: 8080 },
                { name: "https", containerPort: 8443 },
              ],
              securityContext: {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                capabilities: { drop: ["ALL"] },
              },
              resources: {
                requests: { cpu: "20m", memory: "64Mi", "ephemeral-storage": "16Mi" },
                limits: { cpu: "1", memory: "256Mi", "ephemeral-storage": "64Mi" },
              },
              // Until kube-proxy sends nothing more here.
              lifecycle: { preStop: { sleep: { seconds: 5 } } },
              readinessProbe: { httpGet, ...readiness },
              livenessProbe: { httpGet, initialDelaySeconds: 120, ...liveness },
              volumeMounts: [
                { name: "tls", mountPath: "/tls", readOnly: true },
                ...(acme?.authority ? [{ name: "acme", mountPath: "/acme", readOnly: true }] : []),
              ],
            },
          ],
          volumes: [
            { name: "tls", secret: { secretName: certificateName, defaultMode: 0o440 } },
            ...(acme?.authority ? [{ name: "acme", configMap: { name: authoritiesName(acme.authority) } }] : []),
          ],
        },
      },
    },
  };
}
