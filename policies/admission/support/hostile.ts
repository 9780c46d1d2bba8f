import type { Manifest } from "./client";

/** What somebody might put into the tenants' repository, and the rule that refuses it. */
export interface Hostile {
  what: string;
  rule: string;
  object: Manifest;
}

const POD = "pod-isolated-from-node";
const OUT = "tenant-own-namespaces";
const NAMESPACE = "tenant-namespace-security";
const SECRET = "tenant-secret-types";
const NAME = "tenant-namespace-names";
const RIGHTS = "tenant-rights";
const LEAVES = "no-external-name";
const HOST = "ingress-host-declared";

const app = { name: "app", image: "registry.example.no/app:1.0" };
const labels = { app: "x" };
const meta = (namespace: string, name = "x") => ({ name, namespace });
const workload = (kind: string, namespace: string, spec: Manifest): Manifest => ({
  apiVersion: "apps/v1",
  kind,
  metadata: meta(namespace),
  spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [app], ...spec } } },
});
const core = (kind: string, metadata: Manifest, more: Manifest = {}): Manifest => {
  return { apiVersion: "v1", kind, metadata, ...more };
};
const rbac = (kind: string, namespace: string, more: Manifest): Manifest => {
  return { apiVersion: "rbac.authorization.k8s.io/v1", kind, metadata: meta(namespace), ...more };
};
const pod = (what: string, spec: Manifest): Hostile => {
  return { what, rule: POD, object: workload("Deployment", "shop", spec) };
};
const secured = (securityContext: Manifest) => ({ containers: [{ ...app, securityContext }] });
const out = (what: string, object: Manifest): Hostile => ({ what, rule: OUT, object });
const rights = (what: string, ...rules: Manifest[]): Hostile => {
  return { what, rule: RIGHTS, object: rbac("Role", "shop", { rules }) };
};
const bound = (what: string, subject: Manifest, roleRef: Manifest = { kind: "Role", name: "x" }): Hostile => {
  const apiGroup = "rbac.authorization.k8s.io";
  const subjects = [subject.kind === "ServiceAccount" ? subject : { apiGroup, ...subject }];
  return { what, rule: RIGHTS, object: rbac("RoleBinding", "shop", { roleRef: { apiGroup, ...roleRef }, subjects }) };
};
const own = { kind: "ServiceAccount", name: "x", namespace: "shop" };
const labelled = (what: string, key: string, value: string): Hostile => {
  const metadata = { name: "shop", labels: { [`pod-security.kubernetes.io/${key}`]: value } };
  return { what, rule: NAMESPACE, object: core("Namespace", metadata) };
};

export const HOSTILE: readonly Hostile[] = [
  out("a DaemonSet in kube-system", workload("DaemonSet", "kube-system", secured({ privileged: true }))),
  out("a Deployment in kube-system under a controller's account", {
    ...workload("Deployment", "kube-system", { serviceAccountName: "clusterrole-aggregation-controller" }),
  }),
  out("the agent's own controller", workload("Deployment", "flux-system", {})),
  out("a StatefulSet in kube-public", workload("StatefulSet", "kube-public", {})),
  out("a Secret in kube-system", core("Secret", meta("kube-system"))),
  out("the agent's deploy key", core("Secret", meta("flux-system", "deploy-key"))),
  out("a ConfigMap of kubeadm", core("ConfigMap", meta("kube-system", "kubeadm-config"))),
  out("cluster-info", core("ConfigMap", meta("kube-public", "cluster-info"))),
  out("the reconciler's own account", core("ServiceAccount", meta("flux-system", "config-reconciler"))),
  out(
    "the API server's own Service",
    core("Service", meta("default", "kubernetes"), { spec: { ports: [{ name: "https", port: 443 }] } }),
  ),
  out("a Role in kube-system", rbac("Role", "kube-system", { rules: [] })),
  out("a quota that stops kube-system", core("ResourceQuota", meta("kube-system"), { spec: { hard: { pods: "0" } } })),
  out("the namespace kube-system", core("Namespace", { name: "kube-system", labels: { mine: "yes" } })),
  out("the namespace flux-system", core("Namespace", { name: "flux-system", labels: { mine: "yes" } })),
  labelled("a privileged namespace", "enforce", "privileged"),
  labelled("Pod Security of long ago", "enforce-version", "v1.0"),
  {
    what: "an endless token of an account",
    rule: SECRET,
    object: core(
      "Secret",
      { ...meta("shop"), annotations: { "kubernetes.io/service-account.name": "default" } },
      { type: "kubernetes.io/service-account-token" },
    ),
  },
  {
    what: "a bootstrap token elsewhere",
    rule: SECRET,
    object: core("Secret", meta("shop"), { type: "bootstrap.kubernetes.io/token" }),
  },
  pod("a privileged container", secured({ privileged: true })),
  pod("escalation of privileges", secured({ allowPrivilegeEscalation: true })),
  pod("SYS_ADMIN", secured({ capabilities: { add: ["SYS_ADMIN"] } })),
  pod("NET_RAW", secured({ capabilities: { add: ["NET_RAW"] } })),
  pod("an unmasked /proc", { hostUsers: false, ...secured({ procMount: "Unmasked" }) }),
  pod("a container without seccomp", secured({ seccompProfile: { type: "Unconfined" } })),
  pod("a container without AppArmor", secured({ appArmorProfile: { type: "Unconfined" } })),
  pod("a privileged init container", {
    initContainers: [{ ...app, name: "i", securityContext: { privileged: true } }],
  }),
  pod("the node's disk", { volumes: [{ name: "root", hostPath: { path: "/" } }] }),
  pod("the node's network", { hostNetwork: true }),
  pod("the node's processes", { hostPID: true }),
  pod("the node's shared memory", { hostIPC: true }),
  pod("a port of the node", { containers: [{ ...app, ports: [{ containerPort: 80, hostPort: 80 }] }] }),
  pod("an unsafe sysctl", { securityContext: { sysctls: [{ name: "kernel.msgmax", value: "1" }] } }),
  pod("a pod without seccomp", { securityContext: { seccompProfile: { type: "Unconfined" } } }),
  pod("the control planes' taint", {
    tolerations: [{ key: "node-role.kubernetes.io/control-plane", operator: "Exists" }],
  }),
  pod("every taint", { tolerations: [{ operator: "Exists", effect: "NoSchedule" }] }),
  pod("a control plane by its name", { nodeName: "control-1" }),
  pod("the priority of the platform", { priorityClassName: "system-cluster-critical" }),
  { what: "a namespace that sounds like the cluster's", rule: NAME, object: core("Namespace", { name: "kube-foo" }) },
  rights("every verb", { apiGroups: [""], resources: ["configmaps"], verbs: ["*"] }),
  rights("every resource", { apiGroups: [""], resources: ["*"], verbs: ["get"] }),
  rights("every subresource", { apiGroups: [""], resources: ["pods/*"], verbs: ["create"] }),
  rights("exec", { apiGroups: [""], resources: ["pods/exec"], verbs: ["create"] }),
  rights("ephemeral containers", { apiGroups: [""], resources: ["pods/ephemeralcontainers"], verbs: ["patch"] }),
  rights("tokens of accounts", { apiGroups: [""], resources: ["serviceaccounts/token"], verbs: ["create"] }),
  rights(
    "impersonation, after an innocent rule",
    { apiGroups: [""], resources: ["configmaps"], verbs: ["get"] },
    { apiGroups: [""], resources: ["serviceaccounts"], verbs: ["impersonate"] },
  ),
  rights("escalation", { apiGroups: ["rbac.authorization.k8s.io"], resources: ["roles"], verbs: ["escalate"] }),
  rights("binding", { apiGroups: ["rbac.authorization.k8s.io"], resources: ["roles"], verbs: ["bind"] }),
  bound("cluster-admin", own, { kind: "ClusterRole", name: "cluster-admin" }),
  bound("edit", own, { kind: "ClusterRole", name: "edit" }),
  bound("rights for everybody", { kind: "Group", name: "system:authenticated" }),
  bound("rights for nobody in particular", { kind: "User", name: "system:anonymous" }),
  bound("rights for a controller", { kind: "ServiceAccount", name: "default", namespace: "kube-system" }),
  bound("rights for all accounts of another namespace", { kind: "Group", name: "system:serviceaccounts:shop-2" }),
  {
    what: "an address that is another's",
    rule: LEAVES,
    object: core("Service", meta("shop"), { spec: { externalIPs: ["10.20.0.11"], ports: [{ port: 443 }] } }),
  },
  ...[
    ["another team's name", { host: "payment.example.no" }],
    ["every name", {}],
  ].map(([what, rule]): Hostile => {
    const object = {
      apiVersion: "networking.k8s.io/v1",
      kind: "Ingress",
      metadata: meta("shop"),
      spec: { rules: [rule] },
    };
    return { what: String(what), rule: HOST, object };
  }),
];
