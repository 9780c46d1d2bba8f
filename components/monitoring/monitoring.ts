import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { KubernetesObject, parse } from "../kubernetes/manifest";
import { secretManifest } from "../kubernetes/secret";
import { paceOf } from "../pace";
import { basicAuth, type Credentials } from "../registry/credentials";
import { script } from "../script";
import { agent, alertmanagerPod, etcdTeller, namespace, nodeExporter, part, prometheusPod } from "./programs";
import { alertmanagerSettings, prometheusSettings, type Webhook } from "./settings";

/** References of the images, each with its tag. */
export interface MonitoringImages {
  prometheus: string;
  alertmanager: string;
  nodeExporter: string;
  /** Of the program of ours. */
  monitoring: string;
}

export interface MonitoringArgs {
  provider: pulumi.ProviderResource;
  images: MonitoringImages;
  /** When nodes can pull the images. */
  imageReady: pulumi.Resource[];
  /** When there is a namespace, and there are kinds, for what the agent that follows Git does. */
  known: pulumi.Resource[];
  /** By which the registry is asked as a node asks. */
  registry: { host: string; address: string; caPem: pulumi.Input<string>; reader: pulumi.Output<Credentials> };
  /** Names at which the workers answer from outside. */
  hosts: string[];
  /** Of control planes, through which people ask Prometheus. */
  controlPlanes: string[];
  /** What etcd's disk is held to: 99th percentile of its writes, in milliseconds. */
  fsyncP99Milliseconds: number;
  /** Where alerts are posted; nowhere where it is absent. */
  webhook?: Webhook & {
    /** A secret. */
    token?: pulumi.Output<string>;
  };
  emulated: boolean;
  /** What takes the whole cluster along when it is deleted; absent where the cluster may outlive the stack. */
  deletedWith?: pulumi.Resource;
}

/** Prometheus, which measures the platform and has rules for what somebody has to know of, and Alertmanager, which tells. */
export class Monitoring extends pulumi.ComponentResource {
  constructor(name: string, args: MonitoringArgs, opts?: pulumi.ComponentResourceOptions) {
    const { provider, images, registry, deletedWith } = args;
    const { token, ...webhook } = args.webhook ?? {};
    super("grunnmur:monitoring:Monitoring", name, { images, webhook }, opts);
    const pace = paceOf(args.emulated);
    const object = (manifest: object, dependsOn: pulumi.Resource[]) =>
      new KubernetesObject(name, manifest, { parent: this, provider, deletedWith, dependsOn });
    const rights = parse(script("monitoring/files/rbac.yaml")).map((manifest) => object(manifest, args.known));
    // Before there is anything to be kept from.
    const begun = [...rights, ...guards(args.controlPlanes).map((one) => object(one, [])), ...args.imageReady];

    const settings = object(configMap("prometheus", prometheusSettings(pace, args.fsyncP99Milliseconds)), []);
    const files = alertmanagerSettings(args.webhook, token !== undefined);
    // Another name for other content, since it reads its settings once.
    const telling = `alertmanager-${digestOf(files)}`;
    const told = [
      object(configMap(telling, files), []),
      ...(token ? [object(secret("alertmanager-webhook", { token }), [])] : []),
    ];
    const asking = object(
      secret("monitoring-registry", {
        authorization: registry.reader.apply(basicAuth),
        "ca.crt": pulumi.output(registry.caPem),
      }),
      [],
    );

    object(nodeExporter(images.nodeExporter, pace), begun);
    object(etcdTeller(images.monitoring, pace), begun);
    object(agent(images.monitoring, { ...registry, hosts: args.hosts }, pace), [...begun, asking]);
    const alertmanager = object(alertmanagerPod(images.alertmanager, telling, token !== undefined, pace), [
      ...begun,
      ...told,
    ]);
    const service = object(serviceOf("alertmanager", 9093), [alertmanager]);
    object(serviceOf("prometheus", 9090), [
      object(prometheusPod(images.prometheus, pace), [...begun, settings, service]),
    ]);
    this.registerOutputs({});
  }
}

const configMap = (name: string, data: Record<string, string>) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace },
  data,
});

const secret = (name: string, data: Record<string, pulumi.Output<string>>): object =>
  secretManifest(name, namespace, "Opaque", data);

const digestOf = (data: object): string => createHash("sha256").update(JSON.stringify(data)).digest("hex").slice(0, 8);

/**
 * What is measured says what tenants run and how the platform is made: Prometheus alone reads it, and it and Alertmanager are
 * asked through the API server, which knows who asks.
 */
export function guards(controlPlanes: readonly string[]): object[] {
  const policy = (name: string, podSelector: object, from: object[]) => ({
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name, namespace },
    spec: { podSelector, policyTypes: ["Ingress"], ingress: [{ from }] },
  });
  const apiServers = [...controlPlanes].sort().map((address) => ({ ipBlock: { cidr: `${address}/32` } }));
  return [
    policy("monitoring", { matchLabels: part }, [{ podSelector: { matchLabels: { app: "prometheus", ...part } } }]),
    policy(
      "monitoring-people",
      { matchExpressions: [{ key: "app", operator: "In", values: ["prometheus", "alertmanager"] }], matchLabels: part },
      apiServers,
    ),
  ];
}

const serviceOf = (app: string, port: number) => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: app, namespace },
  spec: { selector: { app, ...part }, ports: [{ name: "http", port, targetPort: "metrics" }] },
});
