import { type Pace, paceOf } from "../pace";

/** Images of the two controllers, with tags. */
export interface ControllerImages {
  sourceController: string;
  kustomizeController: string;
}

export const agentNamespace = "flux-system";
export const reconciler = "config-reconciler";

/**
 * The Deployments of source- and kustomize-controller and the Service between them, locked down as Flux's guide to
 * multi-tenancy has it: no references across namespaces, no remote bases, and always an impersonated account. They
 * watch their own namespace.
 */
export function controllers(images: ControllerImages, serviceCidr: string, emulated: boolean): object[] {
  const pace = paceOf(emulated);
  return [
    controller(
      {
        name: "source-controller",
        image: images.sourceController,
        // Where the other fetches what this one has. An address, so that the cluster's DNS need not work before Git can mend it;
        // of a Service, since a pod that was started again has another, while the other may still ask at the former one.
        args: ["--storage-path=/data", `--storage-adv-addr=${storageAddress(serviceCidr)}`],
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
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "source-controller", namespace: agentNamespace },
      spec: {
        clusterIP: storageAddress(serviceCidr),
        selector: { app: "source-controller" },
        ports: [{ name: "http", port: 80, targetPort: "http" }],
      },
    },
  ];
}

/** Beside the cluster DNS's, the tenth. Kubernetes gives the first sixteen of a range by itself only when all others are taken. */
export function storageAddress(serviceCidr: string): string {
  return serviceCidr.replace(/\.\d+\/\d+$/, ".11");
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
              env: [{ name: "RUNTIME_NAMESPACE", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } } }],
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
