import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "js-yaml";
import { emulated, kvm } from "../pace";
import { script } from "../script";
import { agent, storageClass } from "./storage";

// biome-ignore lint/suspicious/noExplicitAny: looked at by path
const podOf = (daemonSet: any) => daemonSet.spec.template.spec;

test("a claim that names no class gets a volume where its pod is, in a country of the nodes", () => {
  assert.deepEqual(storageClass({ reclaimPolicy: "Retain", countries: ["SE", "NO", "SE"] }), {
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name: "node-disk", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
    provisioner: "grunnmur.internal/node-disk",
    volumeBindingMode: "WaitForFirstConsumer",
    reclaimPolicy: "Retain",
    allowedTopologies: [{ matchLabelExpressions: [{ key: "topology.kubernetes.io/region", values: ["NO", "SE"] }] }],
  });
});

test("the agent is on workers alone, and of a node's files it has one folder, on the data disk", () => {
  for (const pace of [kvm, emulated]) {
    const pod = podOf(agent("image:v1", pace));
    // No toleration: a control plane's disk is etcd's.
    assert.equal(pod.tolerations, undefined);
    assert.equal(pod.hostNetwork, undefined);
    const [{ args, securityContext, volumeMounts }] = pod.containers;
    assert.deepEqual(pod.volumes, [
      { name: "volumes", hostPath: { path: "/var/lib/grunnmur/data/volumes", type: "DirectoryOrCreate" } },
    ]);
    assert.deepEqual(volumeMounts, [{ name: "volumes", mountPath: "/volumes" }]);
    assert.ok(args.includes("--path=/var/lib/grunnmur/data/volumes"), "the kubelet finds it elsewhere");
    assert.equal(securityContext.privileged, undefined);
    assert.deepEqual(securityContext.capabilities.drop, ["ALL"]);
  }
});

test("it reads no Secret, and changes nothing but volumes, claims and events", () => {
  const [, role] = script("storage/files/rbac.yaml").split("---\n");
  const { rules } = load(role ?? "") as { rules: { resources: string[]; verbs: string[] }[] };
  const changed = rules.filter(({ verbs }) => verbs.some((verb) => !["get", "list", "watch"].includes(verb)));
  assert.deepEqual(changed.flatMap(({ resources }) => resources).sort(), [
    "events",
    "persistentvolumeclaims",
    "persistentvolumes",
  ]);
  assert.deepEqual(
    rules.flatMap(({ resources }) => resources).filter((one) => ["secrets", "pods", "*"].includes(one)),
    [],
  );
});
