import * as pulumi from "@pulumi/pulumi";
import { KubernetesObject, parse } from "../kubernetes/manifest";
import { type Pace, paceOf } from "../pace";
import { script } from "../script";

export interface StorageArgs {
  provider: pulumi.ProviderResource;
  /** Of the agent, with its tag. */
  image: string;
  /** When nodes can pull the image. */
  imageReady: pulumi.Resource[];
  /** What becomes of a volume whose claim is deleted. */
  reclaimPolicy: "Delete" | "Retain";
  /** Countries in which nodes stand, as ISO 3166 two-letter codes. */
  countries: string[];
  emulated: boolean;
  /** What takes the whole cluster along when it is deleted; absent where the cluster may outlive the stack. */
  deletedWith?: pulumi.Resource;
}

/** Volumes on the workers' own disks: the default StorageClass, and on each worker an agent that makes them. */
export class Storage extends pulumi.ComponentResource {
  constructor(name: string, args: StorageArgs, opts?: pulumi.ComponentResourceOptions) {
    const { provider, image, reclaimPolicy, countries, deletedWith } = args;
    super("grunnmur:storage:Storage", name, { image, reclaimPolicy, countries }, opts);
    const object = (manifest: object, dependsOn: pulumi.Resource[]) =>
      new KubernetesObject(name, manifest, { parent: this, provider, deletedWith, dependsOn });
    const rights = parse(script("storage/files/rbac.yaml")).map((manifest) => object(manifest, []));
    const running = object(agent(image, paceOf(args.emulated)), [...rights, ...args.imageReady]);
    object(storageClass(args), [running]);
    this.registerOutputs({});
  }
}

const name = "storage";
/** What is on a worker's data disk, where it has one, and otherwise on its only disk. */
const folder = "/var/lib/grunnmur/data/volumes";
const healthPort = 9466;

/** The class that a claim gets which names none. Its volumes are made where the scheduler puts the pod. */
export function storageClass({ reclaimPolicy, countries }: Pick<StorageArgs, "reclaimPolicy" | "countries">): object {
  return {
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name: "node-disk", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
    provisioner: "grunnmur.internal/node-disk",
    volumeBindingMode: "WaitForFirstConsumer",
    reclaimPolicy,
    allowedTopologies: [
      { matchLabelExpressions: [{ key: "topology.kubernetes.io/region", values: [...new Set(countries)].sort() }] },
    ],
  };
}

/** The DaemonSet: on workers, whose disks may hold data; root there only over the one folder that it mounts. */
export function agent(image: string, { liveness, readiness }: Pace): object {
  const httpGet = { port: healthPort, path: "/readyz" };
  return {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: { name, namespace: "kube-system", labels: { app: name } },
    spec: {
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          serviceAccountName: name,
          priorityClassName: "system-node-critical",
          securityContext: { seccompProfile: { type: "RuntimeDefault" } },
          containers: [
            {
              name: "agent",
              image,
              imagePullPolicy: "IfNotPresent",
              args: ["--node=$(NODE)", `--path=${folder}`, "--folder=/volumes", `--health=:${healthPort}`],
              env: [{ name: "NODE", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } }],
              securityContext: {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                // What pods of any user left in a volume is deleted with it.
                capabilities: { drop: ["ALL"], add: ["DAC_OVERRIDE", "FOWNER"] },
              },
              resources: {
                requests: { cpu: "10m", memory: "32Mi", "ephemeral-storage": "16Mi" },
                limits: { cpu: "500m", memory: "128Mi", "ephemeral-storage": "64Mi" },
              },
              readinessProbe: { httpGet, ...readiness },
              livenessProbe: { httpGet, initialDelaySeconds: 120, ...liveness },
              volumeMounts: [{ name: "volumes", mountPath: "/volumes" }],
            },
          ],
          volumes: [{ name: "volumes", hostPath: { path: folder, type: "DirectoryOrCreate" } }],
        },
      },
    },
  };
}
