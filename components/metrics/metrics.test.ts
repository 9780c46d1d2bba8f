import assert from "node:assert/strict";
import { test } from "node:test";
import { loadAll } from "js-yaml";
import { emulated, kvm } from "../pace";
import { script } from "../script";
import { deployment } from "./metrics";

// biome-ignore lint/suspicious/noExplicitAny: looked at by path
const podOf = (one: any) => one.spec.template.spec;

test("each kubelet is held to the cluster's authority, and asked as rarely as its CPU bears", () => {
  for (const [pace, seconds] of [
    [kvm, 15],
    [emulated, 60],
  ] as const) {
    const [{ args }] = podOf(deployment("image:v1", pace)).containers;
    assert.ok(args.includes("--kubelet-certificate-authority=/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"));
    assert.ok(args.includes(`--metric-resolution=${seconds}s`));
    for (const insecure of ["--kubelet-insecure-tls", "--deprecated-kubelet-completely-insecure"])
      assert.ok(!args.some((arg: string) => arg.startsWith(insecure)), insecure);
  }
});

test("it needs nothing of its node, and writes nowhere", () => {
  const pod = podOf(deployment("image:v1", kvm));
  assert.equal(pod.hostNetwork, undefined);
  assert.deepEqual(pod.volumes, [{ name: "tls", secret: { secretName: "metrics-server-tls", defaultMode: 0o440 } }]);
  const [{ securityContext }] = pod.containers;
  assert.deepEqual(securityContext, {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  });
});

test("it reads, and changes nothing", () => {
  const roles = (
    loadAll(script("metrics/files/rbac.yaml")) as { kind: string; rules?: { verbs: string[] }[] }[]
  ).filter(({ kind }) => kind === "ClusterRole");
  assert.equal(roles.length, 2);
  for (const { rules = [] } of roles)
    for (const { verbs } of rules) assert.ok(verbs.every((verb) => ["get", "list", "watch"].includes(verb)));
});
