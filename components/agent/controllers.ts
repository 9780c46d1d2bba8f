import { type Pace, paceOf } from "../pace";

/** Images of the two controllers, with tags. */
export interface ControllerImages {
  sourceController: string;
  kustomizeController: string;
}

export const agentNamespace = "flux-system";
export const reconciler = "config-reconciler";

/**
 * The Deployments of source- and kustomize-controller, locked down as Flux's guide to multi-tenancy has it: no references
 * across namespaces, no remote bases, and always an impersonated account. They watch their own namespace.
 */
export function controllers(images: ControllerImages, emulated: boolean): object[] {
  const pace = paceOf(emulated);
  return [
    controller(
      {
        name: "source-controller",
        image: images.sourceController,
        // Where the other fetches what this one has: by the pod's address, so that neither the cluster's DNS nor kube-proxy has
        // to work before Git can mend them. What is fetched is held to the digest in the source's status.
        args: ["--storage-path=/data", "--storage-adv-addr=$(POD_IP):9090"],
        ports: [{ name: "http", containerPort: 9090 }],
        volumes: ["data", "tmp"],
        readiness: { path: "/", port: "http" },
      },
      pace,
    ),
    controller(
      {
        name: "kustomize-controller",
        image: images.kustomizeController,
        args: [
          "--no-cross-namespace-refs=true",
          "--no-remote-bases=true",
          `--default-service-account=${reconciler}`,
          `--concurrent-ssa=${pace.appliesAtOnce}`,
        ],
        ports: [],
        volumes: ["tmp"],
        readiness: { path: "/readyz", port: "healthz" },
      },
      pace,
    ),
  ];
}

const commonArgs = [
  // All that the program makes for them is in their own namespace, and rbac.yaml gives them no other.
  "--watch-all-namespaces=false",
  // A single replica that is recreated has nobody to hold an election with.
  "--enable-leader-election=false",
  "--log-level=info",
  "--log-encoding=json",
];

interface Controller {
  name: string;
  image: string;
  args: string[];
  ports: { name: string; containerPort: number }[];
  volumes: string[];
  readiness: { path: string; port: string };
}

function controller({ name, image, args, ports, volumes, readiness }: Controller, pace: Pace): object {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace: agentNamespace, labels: { app: name } },
    spec: {
      replicas: 1,
      // One at a time: two would write the same storage and apply the same objects.
      strategy: { type: "Recreate" },
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          serviceAccountName: name,
          terminationGracePeriodSeconds: 10,
          securityContext: { fsGroup: 1337, runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
          containers: [
            {
              name: "manager",
              image,
              imagePullPolicy: "IfNotPresent",
              args: [...args, ...commonArgs],
              env: [fromField("RUNTIME_NAMESPACE", "metadata.namespace"), fromField("POD_IP", "status.podIP")],
              ports: [...ports, { name: "http-prom", containerPort: 8080 }, { name: "healthz", containerPort: 9440 }],
              securityContext: {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                capabilities: { drop: ["ALL"] },
              },
              resources: {
                requests: { cpu: "50m", memory: "64Mi", "ephemeral-storage": "64Mi" },
                limits: { cpu: "1", memory: "512Mi", "ephemeral-storage": "1Gi" },
              },
              livenessProbe: { httpGet: { path: "/healthz", port: "healthz" }, ...pace.liveness },
              readinessProbe: { httpGet: readiness, ...pace.readiness },
              volumeMounts: volumes.map((volume) => ({ name: volume, mountPath: `/${volume}` })),
            },
          ],
          volumes: volumes.map((volume) => ({ name: volume, emptyDir: {} })),
        },
      },
    },
  };
}

function fromField(name: string, fieldPath: string): object {
  return { name, valueFrom: { fieldRef: { fieldPath } } };
}
