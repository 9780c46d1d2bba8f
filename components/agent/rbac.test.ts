import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "../kubernetes/manifest";
import { script } from "../script";
import { agentNamespace, controllers, reconciler } from "./controllers";

interface Rights {
  kind: string;
  metadata: { name: string; namespace?: string };
  roleRef?: { kind: string; name: string };
  rules?: { resources: string[]; resourceNames?: string[]; verbs: string[] }[];
  subjects?: { name: string; namespace: string }[];
}

const rights = parse(script("agent/files/rbac.yaml")) as Rights[];
const bindings = (kind: string) => rights.filter((object) => object.kind === kind);

test("the reconciler alone has rights outside the agent's namespace", () => {
  const subjects = bindings("ClusterRoleBinding").flatMap((binding) => binding.subjects?.map(({ name }) => name));
  assert.deepEqual(subjects, [reconciler]);
  for (const { kind, metadata, roleRef } of rights.filter(({ kind }) => /^Role/.test(kind))) {
    assert.equal(metadata.namespace, agentNamespace, `${kind} ${metadata.name}`);
    assert.notEqual(roleRef?.kind, "ClusterRole", metadata.name);
  }
});

test("every binding has its role", () => {
  const roles = rights.filter(({ kind }) => kind === "Role" || kind === "ClusterRole");
  for (const { roleRef } of [...bindings("RoleBinding"), ...bindings("ClusterRoleBinding")]) {
    assert.ok(
      roles.some(({ kind, metadata }) => kind === roleRef?.kind && metadata.name === roleRef.name),
      roleRef?.name,
    );
  }
});

test("only the kustomize controller acts for another account, and only for the reconciler", () => {
  const acting = rights.filter(({ rules }) => rules?.some(({ verbs }) => verbs.includes("impersonate")));
  assert.deepEqual(
    acting.map(({ metadata }) => metadata.name),
    ["kustomize-controller"],
  );
  assert.deepEqual(acting[0]?.rules?.find(({ verbs }) => verbs.includes("impersonate"))?.resourceNames, [reconciler]);
});

test("each controller watches what it may read: its own namespace", () => {
  const deployments = JSON.stringify(
    controllers({ sourceController: "s:1", kustomizeController: "k:1" }, "10.96.0.0/16", false),
  );
  assert.equal(deployments.match(/--watch-all-namespaces=false/g)?.length, 2);
});

test("the reconciler gets, patches, makes and deletes, lists nothing but namespaces, and updates nothing", () => {
  const role = rights.find(({ kind }) => kind === "ClusterRole");
  const rules = role?.rules ?? [];
  for (const { resources, verbs } of rules) {
    const allowed = resources.includes("clusterroles")
      ? ["bind"]
      : ["get", "create", "patch", "delete", ...(resources.join() === "namespaces" ? ["list"] : [])];
    assert.deepEqual(
      verbs.filter((verb) => !allowed.includes(verb)),
      [],
      resources.join(),
    );
  }
  const giving = rules.filter(({ verbs }) => verbs.includes("bind"));
  assert.deepEqual(
    giving.map(({ resourceNames }) => resourceNames),
    [["view"]],
  );
});
