import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "js-yaml";
import { nodeFiles } from "../cluster/node-files";
import { network } from "../node/example-network";
import { emulated, kvm } from "../pace";
import { script } from "../script";
import { agent } from "./network-policies";
import { queue } from "./waiting";

// biome-ignore lint/suspicious/noExplicitAny: looked at by path
const podOf = (daemonSet: any) => daemonSet.spec.template.spec;

test("the agent is on every node, with one right over it", () => {
  for (const pace of [kvm, emulated]) {
    const pod = podOf(agent("image:v1", pace));
    assert.deepEqual(pod.tolerations, [{ operator: "Exists" }]);
    const [container] = pod.containers;
    assert.deepEqual(container.securityContext.capabilities, { drop: ["ALL"], add: ["NET_ADMIN"] });
    assert.equal(container.securityContext.privileged, undefined);
    assert.deepEqual(pod.volumes, [{ name: "networks", hostPath: { path: "/etc/cni/net.d", type: "Directory" } }]);
    assert.ok(container.args.includes(`--queue=${queue}`));
  }
});

test("it reads pods, namespaces and policies, and writes nothing", () => {
  const [, role] = script("network-policies/files/rbac.yaml").split("---\n");
  const { rules } = load(role ?? "") as { rules: { resources: string[]; verbs: string[] }[] };
  assert.deepEqual(rules.flatMap(({ resources }) => resources).sort(), ["namespaces", "networkpolicies", "pods"]);
  for (const { verbs } of rules) assert.deepEqual(verbs, ["list", "watch"]);
});

test("a node's own pods wait for a verdict before its kubelet starts, and where nobody gives one they wait in vain", () => {
  const files = nodeFiles(network, "10.20.0.12", [{ address: "10.20.0.12" }], [], kvm);
  const content = (path: string) => files.find((file) => file.path === path)?.content ?? "";
  const range = JSON.parse(content("/etc/cni/net.d/10-pods.conflist")).plugins[0].ipam.ranges[0][0].subnet;
  const rules = content("/etc/nftables.d/pods.nft");
  for (const rule of [`ip saddr ${range}`, `ip daddr ${range}`])
    assert.match(rules, new RegExp(`hook forward [^}]*ct state new ${rule} queue to ${queue}\n`));
  assert.match(rules, new RegExp(`hook input [^}]*ct state new ip saddr ${range} queue to ${queue}\n`));
  assert.doesNotMatch(rules, /bypass/);
  assert.match(content("/etc/systemd/system/grunnmur-pod-egress.service"), /Before=kubelet\.service/);
});
