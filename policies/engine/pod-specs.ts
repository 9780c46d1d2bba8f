/**
 * Where each kind keeps its pod spec, by group and kind: the one list that all three gates read. A kind may have several
 * places, of which an object fills one. To have another kind judged, add a line.
 */
type Places = readonly string[];

const TEMPLATE = "spec.template.spec";

/** Kubernetes' own. The API server itself sees to it that the pod spec is there and is one. */
export const BUILT_IN: Readonly<Record<string, Places>> = {
  "/Pod": ["spec"],
  "/ReplicationController": [TEMPLATE],
  "/PodTemplate": ["template.spec"],
  "apps/Deployment": [TEMPLATE],
  "apps/StatefulSet": [TEMPLATE],
  "apps/DaemonSet": [TEMPLATE],
  "apps/ReplicaSet": [TEMPLATE],
  "batch/Job": [TEMPLATE],
  "batch/CronJob": ["spec.jobTemplate.spec.template.spec"],
};

/** Others'. A pod spec may be absent, for instance where an Argo Rollout names a Deployment instead (`workloadRef`). */
export const FOREIGN: Readonly<Record<string, Places>> = {
  "argoproj.io/Rollout": [TEMPLATE],
  "serving.knative.dev/Service": [TEMPLATE],
  "serving.knative.dev/Configuration": [TEMPLATE],
  "serving.knative.dev/Revision": ["spec"],
  "sources.knative.dev/ContainerSource": [TEMPLATE],
  "keda.sh/ScaledJob": ["spec.jobTargetRef.template.spec"],
  "apps.kruise.io/CloneSet": [TEMPLATE],
  "apps.kruise.io/StatefulSet": [TEMPLATE],
  "apps.kruise.io/DaemonSet": [TEMPLATE],
  "apps.kruise.io/BroadcastJob": [TEMPLATE],
  "apps.kruise.io/AdvancedCronJob": [
    "spec.template.jobTemplate.spec.template.spec",
    "spec.template.broadcastJobTemplate.spec.template.spec",
  ],
  "apps.kruise.io/UnitedDeployment": [
    "spec.template.statefulSetTemplate.spec.template.spec",
    "spec.template.advancedStatefulSetTemplate.spec.template.spec",
    "spec.template.cloneSetTemplate.spec.template.spec",
    "spec.template.deploymentTemplate.spec.template.spec",
  ],
  "apps.openshift.io/DeploymentConfig": [TEMPLATE],
  "agones.dev/GameServer": [TEMPLATE],
  "agones.dev/GameServerSet": ["spec.template.spec.template.spec"],
  "agones.dev/Fleet": ["spec.template.spec.template.spec"],
  "actions.github.com/AutoscalingRunnerSet": [TEMPLATE],
};
