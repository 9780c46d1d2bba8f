import assert from "node:assert/strict";
import { test } from "node:test";
import { loadAll } from "js-yaml";
import { emulated, kvm } from "../pace";
import { script } from "../script";
import { agent, service } from "./ingress";

const args = {
  image: "image:v1",
  hosts: [
    { name: "shop.example.no", namespaces: ["shop"] },
    { name: "*.apps.example.no", namespaces: ["shop", "bank"] },
  ],
  addresses: ["10.20.0.12", "10.20.0.13"],
  podCidr: "10.244.0.0/16",
};

// biome-ignore lint/suspicious/noExplicitAny: looked at by path
const podOf = (one: any) => one.spec.template.spec;

test("the agent is told who may answer for which name, and connects to pods alone", () => {
  const [container] = podOf(agent(args, kvm)).containers;
  assert.deepEqual(container.args, [
    "--pods=10.244.0.0/16",
    "--address=10.20.0.12",
    "--address=10.20.0.13",
    "--host=shop.example.no=shop",
    "--host=*.apps.example.no=shop,bank",
    "--health=:9467",
  ]);
});

test("it has no right over its node, is on workers alone, and writes nowhere", () => {
  for (const pace of [kvm, emulated]) {
    const pod = podOf(agent(args, pace));
    for (const key of ["hostNetwork", "hostPID", "tolerations"]) assert.equal(pod[key], undefined, key);
    assert.equal(pod.securityContext.runAsNonRoot, true);
    assert.deepEqual(pod.volumes, [{ name: "tls", secret: { secretName: "ingress-tls", defaultMode: 0o440 } }]);
    const [{ securityContext, ports }] = pod.containers;
    assert.deepEqual(securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    assert.deepEqual(
      ports.map(({ name, hostPort }: { name: string; hostPort?: number }) => [name, hostPort]),
      [
        ["http", undefined],
        ["https", undefined],
      ],
    );
  }
});

test("who asks keeps his address, and no port of the node is opened for it", () => {
  const { externalTrafficPolicy, allocateLoadBalancerNodePorts, ports } = service.spec;
  assert.deepEqual([externalTrafficPolicy, allocateLoadBalancerNodePorts], ["Local", false]);
  assert.deepEqual(
    ports.map(({ port }) => port),
    [80, 443],
  );
});

test("it reads no Secret, and writes at which addresses it answers and nothing else", () => {
  const roles = (
    loadAll(script("ingress/files/rbac.yaml")) as {
      rules?: { resources: string[]; verbs: string[]; resourceNames?: string[] }[];
    }[]
  ).flatMap(({ rules = [] }) => rules);
  const written = roles.filter(({ verbs }) => verbs.some((verb) => !["list", "watch"].includes(verb)));
  assert.deepEqual(
    written.map(({ resources, resourceNames }) => [resources, resourceNames]),
    [
      [["ingresses/status"], undefined],
      [["services/status"], ["ingress"]],
    ],
  );
  assert.ok(roles.every(({ resources }) => !resources.includes("secrets")));
});
