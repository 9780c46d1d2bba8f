import assert from "node:assert/strict";
import { test } from "node:test";
import { loadAll } from "js-yaml";
import { emulated, kvm } from "../pace";
import { script } from "../script";
import { type AcmeServer, agent, service } from "./ingress";

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

test("where an ACME server is asked, it is told which, and whose word that server's own certificate is", () => {
  const acme = { directory: "https://acme.example.no/directory", contact: "drift@example.no" };
  const asking = (one: AcmeServer) => podOf(agent({ ...args, acme: one }, kvm));
  assert.deepEqual(asking(acme).containers[0].args.slice(-2), [
    "--acme=https://acme.example.no/directory",
    "--acme-contact=drift@example.no",
  ]);
  assert.equal(asking(acme).volumes.length, 1);
  const [one, other] = ["one", "other"].map((authority) => asking({ ...acme, authority }));
  assert.equal(one.containers[0].args.at(-1), "--acme-authorities=/acme/ca.crt");
  assert.match(one.volumes[1].configMap.name, /^ingress-acme-server-[0-9a-f]{8}$/);
  // A pod that runs reads no other file: it is made anew for other authorities.
  assert.notEqual(one.volumes[1].configMap.name, other.volumes[1].configMap.name);
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

const rulesOf = (file: string) =>
  (
    loadAll(script(`ingress/files/${file}.yaml`)) as {
      kind: string;
      rules?: { resources: string[]; verbs: string[]; resourceNames?: string[] }[];
    }[]
  ).flatMap(({ kind, rules = [] }) => rules.map((rule) => ({ kind, ...rule })));

test("with an ACME server it has one Secret more, which the program made, and makes no other", () => {
  assert.deepEqual(
    rulesOf("acme").map(({ kind, resources, resourceNames, verbs }) => [kind, resources, resourceNames, verbs]),
    [
      ["Role", ["secrets"], ["ingress-acme"], ["get", "list", "watch", "update"]],
      ["ClusterRole", ["events"], undefined, ["create", "patch"]],
    ],
  );
});

test("it reads no Secret, and writes at which addresses it answers and nothing else", () => {
  const roles = rulesOf("rbac");
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
