import * as pulumi from "@pulumi/pulumi";
import { KubernetesObject, parse } from "../kubernetes/manifest";
import { type Pace, paceOf } from "../pace";
import { script } from "../script";
import { queue } from "./waiting";

export interface NetworkPoliciesArgs {
  provider: pulumi.ProviderResource;
  /** Of the agent, with its tag. */
  image: string;
  /** When nodes that lack the image can pull it. */
  imageReady: pulumi.Resource[];
  emulated: boolean;
  /** What takes the whole cluster along when it is deleted; absent where the cluster may outlive the stack. */
  deletedWith?: pulumi.Resource;
}

/**
 * What enforces network policies: an agent on each node, which gives the connections of that node's pods their verdict. Not
 * from Git, as a rule at admission is not: who may write there could take it away.
 */
export class NetworkPolicies extends pulumi.ComponentResource {
  /** Depend on these: every node enforces. */
  readonly ready: pulumi.Resource[];

  constructor(name: string, args: NetworkPoliciesArgs, opts?: pulumi.ComponentResourceOptions) {
    const { provider, image, deletedWith } = args;
    super("grunnmur:network-policies:NetworkPolicies", name, { image }, opts);
    const object = (manifest: object, dependsOn: pulumi.Resource[]) =>
      new KubernetesObject(name, manifest, { parent: this, provider, deletedWith, dependsOn });
    const rights = parse(script("network-policies/files/rbac.yaml")).map((manifest) => object(manifest, []));
    this.ready = [object(agent(image, paceOf(args.emulated)), [...rights, ...args.imageReady])];
    this.registerOutputs({});
  }
}

const name = "network-policies";
const healthPort = 9465;

/** The DaemonSet: in the node's network, and of root's rights over it none but to change and judge what goes through it. */
export function agent(image: string, { liveness, readiness }: Pace): object {
  const httpGet = { host: "127.0.0.1", port: healthPort, path: "/readyz" };
  const folder = "/etc/cni/net.d";
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
          hostNetwork: true,
          priorityClassName: "system-node-critical",
          tolerations: [{ operator: "Exists" }],
          // What waits for a verdict waits as long as it is away.
          terminationGracePeriodSeconds: 5,
          securityContext: { seccompProfile: { type: "RuntimeDefault" } },
          containers: [
            {
              name: "agent",
              image,
              imagePullPolicy: "IfNotPresent",
              args: ["--node=$(NODE)", `--queue=${queue}`, `--health=127.0.0.1:${healthPort}`],
              env: [{ name: "NODE", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } }],
              securityContext: {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                capabilities: { drop: ["ALL"], add: ["NET_ADMIN"] },
              },
              resources: {
                requests: { cpu: "20m", memory: "48Mi", "ephemeral-storage": "16Mi" },
                limits: { cpu: "1", memory: "256Mi", "ephemeral-storage": "64Mi" },
              },
              readinessProbe: { httpGet, ...readiness },
              // One whose rules somebody took away writes them at its start.
              livenessProbe: { httpGet, initialDelaySeconds: 60, ...liveness },
              volumeMounts: [{ name: "networks", mountPath: folder, readOnly: true }],
            },
          ],
          volumes: [{ name: "networks", hostPath: { path: folder, type: "Directory" } }],
        },
      },
    },
  };
}
