import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { ResourceValidation, ResourceValidationArgs, StackValidationArgs } from "@pulumi/policy";
import { casesOf } from "../engine/examples";
import { loadRules } from "../engine/load";
import type { Rule } from "../engine/rule";
import { podSpecPath } from "../engine/subject";
import { Obligations, readObligations } from "./obligations";
import { PLATFORM } from "./resource";
import { Run } from "./run";

require("./small-sdk");
const deserialize = require("@pulumi/policy/deserialize") as {
  deserializeProperties: (struct: object, proxySecrets: boolean) => Record<string, unknown>;
};
const proxy = require("@pulumi/policy/proxy") as {
  unknownStringValue: string;
  unknownCheckingProxy: (props: object) => Record<string, unknown>;
};
const { readPropertiesOnce } = require("./properties") as typeof import("./properties");
const { policyOf } = require("./policy") as typeof import("./policy");

readPropertiesOnce();
const directory = mkdtempSync(join(tmpdir(), "obligations-"));
after(() => rmSync(directory, { recursive: true, force: true }));

interface Said {
  message: string;
  urn?: string;
  enforcementLevel?: string;
}

/** A value as the engine sends it: its sentinel in place of each `Unknown`. */
function sent(value: unknown): unknown {
  if (value === null || typeof value !== "object") return value;
  if (value.constructor.name === "Unknown") return proxy.unknownStringValue;
  if (Array.isArray(value)) return value.map(sent);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, sent(item)]));
}

function propsOf(values: unknown): Record<string, unknown> {
  const struct = { toJavaScript: () => sent(values) };
  return proxy.unknownCheckingProxy(deserialize.deserializeProperties(struct, false));
}

function typeOf(object: Record<string, unknown>): string {
  const apiVersion = String(object.apiVersion);
  return `kubernetes:${apiVersion.includes("/") ? apiVersion : `core/${apiVersion}`}:${String(object.kind)}`;
}

/** What the policy says of resources, as the engine would show them to it one after the other. */
function ask(
  rule: Rule,
  resources: { type: string; values: unknown }[],
  params: Record<string, unknown> = {},
): { violations: Said[]; open: Said[] } {
  const said: Said[] = [];
  const report = ((violation: Said) => said.push(violation)) as unknown as Parameters<ResourceValidation>[1];
  const policy = policyOf(rule, new Run("2026-11-23"), new Obligations("resource-limits", directory));
  const seen = resources.map(({ type, values }, index) => {
    const urn = `urn:pulumi:test::p::${type}::r${index}`;
    return { type, urn, props: propsOf(values), name: `r${index}`, getConfig: () => params };
  });
  for (const args of seen) {
    (policy.validateResource as ResourceValidation)(args as unknown as ResourceValidationArgs, report);
  }
  const stack = { resources: seen, getConfig: () => params } as unknown as StackValidationArgs;
  void policy.validateStack?.(stack, report);
  return {
    violations: said.filter(({ enforcementLevel }) => enforcementLevel !== "advisory"),
    open: said.filter(({ enforcementLevel }) => enforcementLevel === "advisory"),
  };
}

for (const rule of loadRules().filter(({ gates }) => gates.includes("crossguard"))) {
  test(`${rule.id}: the policy's verdict is the rule's, for every example`, () => {
    for (const example of casesOf(rule).filter(({ gates }) => gates.includes("crossguard"))) {
      const platform = example.stack ? [{ type: PLATFORM, values: example.stack }] : [];
      const objects = example.documents.map(({ object }) => ({ type: typeOf(object), values: object }));
      const { violations, open } = ask(rule, [...platform, ...objects], example.params);
      const where = `${example.verdict}: ${example.title}`;
      if (example.verdict === "good") assert.deepEqual([...violations, ...open], [], where);
      if (example.verdict === "bad") assert.ok(violations.length > 0, where);
      if (example.verdict === "undetermined") {
        assert.deepEqual(violations, [], where);
        assert.ok(open.length > 0, where);
      }
    }
  });
}

const rule = (id: string): Rule => {
  const found = loadRules().find((one) => one.id === id);
  assert.ok(found, id);
  return found;
};
const pod = (container: object) => ({ metadata: { name: "a", namespace: "shop" }, spec: { containers: [container] } });
const POD = "kubernetes:core/v1:Pod";

test("a violation names the place, the fault and the remedy", () => {
  const { violations } = ask(rule("memory-limit"), [{ type: POD, values: pod({ name: "app", image: "a" }) }]);
  assert.match(violations[0]?.message ?? "", /spec\.containers\[0\]\.resources\.limits\.memory: .*app/);
  assert.match(violations[0]?.message ?? "", /Remedy: /);
  assert.match(violations[0]?.urn ?? "", /r0$/);
});

test("what is not known is written down until it is known", () => {
  const unknown = { name: "app", image: "a", resources: proxy.unknownStringValue };
  const { violations, open } = ask(rule("memory-limit"), [{ type: POD, values: pod(unknown) }]);
  assert.deepEqual(violations, []);
  assert.match(open[0]?.message ?? "", /not passed/);
  const { owed } = readObligations("test", directory);
  assert.equal(owed[0]?.rule, "memory-limit");
  assert.deepEqual(owed[0]?.waitsFor, ["spec.containers[0].resources"]);
});

test("a patch and a Helm release are open, never passed and never certainly wrong", () => {
  const patch = ask(rule("memory-limit"), [{ type: "kubernetes:core/v1:PodPatch", values: pod({ name: "app" }) }]);
  assert.deepEqual([patch.violations.length, patch.open.length], [0, 1]);
  const release = ask(rule("memory-limit"), [{ type: "kubernetes:helm.sh/v3:Release", values: { chart: "a" } }]);
  assert.deepEqual([release.violations.length, release.open.length], [0, 1]);
});

test("no secret stands in a message", () => {
  const name = {
    "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
    value: "very-secret-name",
  };
  const { violations } = ask(rule("memory-limit"), [{ type: POD, values: pod({ name, image: "a" }) }]);
  assert.equal(violations.length, 1);
  assert.doesNotMatch(violations[0]?.message ?? "", /very-secret-name/);
});

test("nor does a part of one", () => {
  const image = {
    "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
    value: "very-secret-host.example.com/app",
  };
  const { violations } = ask(rule("image-from-stack-registry"), [{ type: POD, values: pod({ name: "a", image }) }], {
    registry: "registry.example.no",
  });
  assert.match(violations[0]?.message ?? "", /secret value, which is not shown/);
  assert.doesNotMatch(violations[0]?.message ?? "", /very-secret/);
});

test("remediation makes the API server's own default visible, and nothing else", () => {
  const policy = policyOf(rule("cpu-request"), new Run("2026-11-23"), new Obligations("resource-limits", directory));
  const remediate = policy.remediateResource as (args: unknown) => { spec: { containers: object[] } } | undefined;
  const limited = pod({ name: "app", resources: { limits: { cpu: "1" } } });
  assert.deepEqual(remediate({ type: POD, props: limited })?.spec.containers[0], {
    name: "app",
    resources: { limits: { cpu: "1" }, requests: { cpu: "1" } },
  });
  assert.equal(remediate({ type: POD, props: pod({ name: "app" }) }), undefined);
  assert.equal(policy.enforcementLevel, "mandatory");
  assert.ok(podSpecPath({ group: "", kind: "Pod" }));
});
