import type { Manifest } from "./client";

/** What tenants put into their repository in good faith, of every kind that the reconciler may make. */

const metadata = { name: "ordinary", namespace: "shop" };
const labels = { app: "ordinary" };
const containers = [{ name: "app", image: "registry.example.no/app:1.0" }];
const template = (more: Manifest = {}): Manifest => ({ metadata: { labels }, spec: { containers, ...more } });
const rbac = "rbac.authorization.k8s.io";

const of = (apiVersion: string, kind: string, more: Manifest): Manifest => ({ apiVersion, kind, metadata, ...more });
const app = (kind: string, spec: Manifest): Manifest => {
  return of("apps/v1", kind, { spec: { selector: { matchLabels: labels }, ...spec } });
};
const job = (more: Manifest = {}): Manifest => ({ spec: { template: template({ restartPolicy: "Never", ...more }) } });
const backend = { service: { name: "ordinary", port: { number: 80 } } };
const answering = { host: "shop.example.no", http: { paths: [{ path: "/", pathType: "Prefix", backend }] } };

export const ORDINARY: readonly Manifest[] = [
  of("v1", "ServiceAccount", {}),
  of("v1", "ConfigMap", { data: { a: "b" } }),
  of("v1", "Secret", { type: "Opaque" }),
  of("v1", "PersistentVolumeClaim", {
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
  }),
  // There is no ingress: this is the way in from outside.
  of("v1", "Service", { spec: { type: "NodePort", selector: labels, ports: [{ port: 80 }] } }),
  app("Deployment", {
    template: template({ tolerations: [{ key: "dedicated", operator: "Equal", value: "shop", effect: "NoSchedule" }] }),
  }),
  app("StatefulSet", { serviceName: "ordinary", template: template() }),
  app("DaemonSet", { template: template({ tolerations: [{ operator: "Exists", effect: "NoExecute" }] }) }),
  of("batch/v1", "Job", job()),
  of("batch/v1", "CronJob", { spec: { schedule: "0 4 * * *", jobTemplate: job() } }),
  of("autoscaling/v2", "HorizontalPodAutoscaler", {
    spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "ordinary" } },
  }),
  of("policy/v1", "PodDisruptionBudget", { spec: { minAvailable: 1, selector: { matchLabels: labels } } }),
  of("networking.k8s.io/v1", "NetworkPolicy", { spec: { podSelector: {} } }),
  of("networking.k8s.io/v1", "Ingress", { spec: { rules: [answering] } }),
  of(`${rbac}/v1`, "Role", {
    rules: [{ apiGroups: [""], resources: ["configmaps"], resourceNames: ["ordinary"], verbs: ["get", "patch"] }],
  }),
  of(`${rbac}/v1`, "RoleBinding", {
    roleRef: { apiGroup: rbac, kind: "ClusterRole", name: "view" },
    subjects: [
      { kind: "ServiceAccount", name: "ordinary", namespace: "shop" },
      { kind: "Group", apiGroup: rbac, name: "shop-team" },
    ],
  }),
];
