import type { Change } from "../shared/diff";
import type { Kind } from "./token";

/** Whether the API server takes new data in these, as the provider was configured. */
export interface Mutable {
  configMaps: boolean;
  secrets: boolean;
}

// What the API server refuses to change, from the API reference of each kind.
const immutable: Record<string, string[]> = {
  "apps/v1 DaemonSet": ["spec.selector"],
  "apps/v1 Deployment": ["spec.selector"],
  "apps/v1 ReplicaSet": ["spec.selector"],
  "apps/v1 StatefulSet": [
    ...["spec.selector", "spec.serviceName", "spec.podManagementPolicy"],
    ...["spec.volumeClaimTemplates", "spec.revisionHistoryLimit"],
  ],
  "batch/v1 Job": ["spec.selector", "spec.template", "spec.completions", "spec.completionMode"],
  "v1 PersistentVolume": ["spec.csi", "spec.hostPath", "spec.local", "spec.nfs", "spec.iscsi", "spec.nodeAffinity"],
  "v1 PersistentVolumeClaim": [
    ...["spec.accessModes", "spec.selector", "spec.storageClassName", "spec.volumeMode", "spec.volumeName"],
  ],
  "v1 Pod": ["spec"],
  "v1 ResourceQuota": ["spec.scopes"],
  "v1 Secret": ["type"],
  "v1 Service": ["spec.clusterIP"],
  "rbac.authorization.k8s.io/v1 ClusterRoleBinding": ["roleRef"],
  "rbac.authorization.k8s.io/v1 RoleBinding": ["roleRef"],
  "scheduling.k8s.io/v1 PriorityClass": ["value"],
  "storage.k8s.io/v1 StorageClass": ["parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"],
  "apiextensions.k8s.io/v1 CustomResourceDefinition": ["spec.group", "spec.scope"],
};
const identity = ["apiVersion", "kind", "metadata.name", "metadata.namespace"];

/** Whether a change can only be made by a new object. */
export function isImmutable(kind: Kind, change: Change, mutable: Mutable): boolean {
  const name = `${kind.apiVersion} ${kind.kind}`;
  const fields = [...identity, ...(immutable[name] ?? []), ...dataFields(name, mutable)];
  const steps = change.path.map(String);
  return fields.some((field) => isWithin(steps, field.split(".")) || isWithin(field.split("."), steps));
}

/** As in the official provider, new data makes a new object unless the provider is told otherwise. */
function dataFields(name: string, mutable: Mutable): string[] {
  if (name === "v1 ConfigMap" && !mutable.configMaps) return ["data", "binaryData"];
  if (name === "v1 Secret" && !mutable.secrets) return ["data", "stringData"];
  return [];
}

function isWithin(path: string[], field: string[]): boolean {
  return field.every((step, index) => path[index] === step);
}
