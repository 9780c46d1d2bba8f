import * as pulumi from "@pulumi/pulumi";
import type { Certificate } from "../keys/certificates";
import { KubernetesObject, parse } from "../kubernetes/manifest";
import { tlsSecret } from "../kubernetes/tls-secret";
import { type Pace, paceOf } from "../pace";
import { script } from "../script";

export interface MetricsArgs {
  provider: pulumi.ProviderResource;
  /** Of metrics-server, with its tag. */
  image: string;
  /** When nodes can pull the image. */
  imageReady: pulumi.Resource[];
  /** By which it proves itself to the API server, at `metrics-server.kube-system.svc`; a secret. */
  certificate: pulumi.Output<Certificate>;
  /** PEM of the cluster's authority, which signed that and the kubelets' own. */
  caPem: pulumi.Input<string>;
  emulated: boolean;
  /** What takes the whole cluster along when it is deleted; absent where the cluster may outlive the stack. */
  deletedWith?: pulumi.Resource;
}

/** What pods and nodes use: metrics-server, for `kubectl top` and HorizontalPodAutoscalers. */
export class Metrics extends pulumi.ComponentResource {
  constructor(name: string, args: MetricsArgs, opts?: pulumi.ComponentResourceOptions) {
    const { provider, image, certificate, deletedWith } = args;
    super("grunnmur:metrics:Metrics", name, { image }, opts);
    const object = (manifest: object, dependsOn: pulumi.Resource[]) =>
      new KubernetesObject(name, manifest, { parent: this, provider, deletedWith, dependsOn });
    const rights = parse(script("metrics/files/rbac.yaml")).map((manifest) => object(manifest, []));
    const identity = object(tlsSecret(certificateName, namespace, certificate), []);
    const running = object(deployment(image, paceOf(args.emulated)), [...rights, identity, ...args.imageReady]);
    const reached = object(service, [running]);
    const caBundle = pulumi.output(args.caPem).apply((pem) => Buffer.from(pem).toString("base64"));
    // Last: an API of which nobody answers for a part is slow to tell what it has, and deletes no namespace.
    object({ ...apiService, spec: { ...apiService.spec, caBundle } }, [reached]);
    this.registerOutputs({});
  }
}

const app = "metrics-server";
const namespace = "kube-system";
const certificateName = "metrics-server-tls";

const service = {
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: app, namespace },
  spec: { selector: { app }, ports: [{ name: "https", port: 443, targetPort: "https" }] },
};

const apiService = {
  apiVersion: "apiregistration.k8s.io/v1",
  kind: "APIService",
  metadata: { name: "v1beta1.metrics.k8s.io" },
  spec: {
    group: "metrics.k8s.io",
    version: "v1beta1",
    service: { name: app, namespace, port: 443 },
    groupPriorityMinimum: 100,
    versionPriority: 100,
  },
};

/** Each kubelet is asked over TLS that is held to the cluster's authority, and each who asks is. */
export function deployment(image: string, { liveness, readiness, metricsSeconds }: Pace): object {
  const httpGet = (path: string) => ({ path, port: "https", scheme: "HTTPS" });
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: app, namespace, labels: { app } },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app } },
      strategy: { rollingUpdate: { maxUnavailable: 0 } },
      template: {
        metadata: { labels: { app } },
        spec: {
          serviceAccountName: app,
          priorityClassName: "system-cluster-critical",
          securityContext: { runAsNonRoot: true, fsGroup: 65534, seccompProfile: { type: "RuntimeDefault" } },
          containers: [
            {
              name: app,
              image,
              imagePullPolicy: "IfNotPresent",
              args: [
                "--secure-port=10250",
                "--tls-cert-file=/tls/tls.crt",
                "--tls-private-key-file=/tls/tls.key",
                "--kubelet-preferred-address-types=InternalIP",
                "--kubelet-use-node-status-port",
                "--kubelet-certificate-authority=/var/run/secrets/kubernetes.io/serviceaccount/ca.crt",
                `--metric-resolution=${metricsSeconds}s`,
              ],
              ports: [{ name: "https", containerPort: 10250 }],
              securityContext: {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                capabilities: { drop: ["ALL"] },
              },
              resources: {
                requests: { cpu: "50m", memory: "64Mi", "ephemeral-storage": "16Mi" },
                limits: { cpu: "500m", memory: "256Mi", "ephemeral-storage": "64Mi" },
              },
              readinessProbe: { httpGet: httpGet("/readyz"), initialDelaySeconds: 20, ...readiness },
              livenessProbe: { httpGet: httpGet("/livez"), initialDelaySeconds: 60, ...liveness },
              volumeMounts: [{ name: "tls", mountPath: "/tls", readOnly: true }],
            },
          ],
          volumes: [{ name: "tls", secret: { secretName: certificateName, defaultMode: 0o440 } }],
        },
      },
    },
  };
}
