import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { unknown } from "../cel/unknown";
import { Engine, type EngineOptions } from "./engine";
import { loadRules } from "./load";
import type { Rule } from "./rule";

const TODAY = "2026-11-23";

const rules = loadRules();
const only = (...ids: string[]): Rule[] => rules.filter((rule) => ids.includes(rule.id));
const engine = (options: Partial<EngineOptions>): Engine =>
  new Engine({ rules: only("memory-limit"), gate: "check", today: TODAY, ...options });

function deployment(containers: unknown[], namespace = "shop", name = "app"): Record<string, unknown> {
  const template = { metadata: { labels: { app: name } }, spec: { containers } };
  return { apiVersion: "apps/v1", kind: "Deployment", metadata: { name, namespace }, spec: { template } };
}
const bare = { name: "a", image: "a:1" };
const limited = { ...bare, resources: { limits: { memory: "64Mi" } } };

describe("Engine", () => {
  it("gives one entry a rule and object, with every finding", () => {
    const { violations, counts } = engine({}).evaluate([
      { object: deployment([bare, { ...bare, name: "b" }]), file: "app.yaml", line: 7 },
    ]);
    assert.equal(violations.length, 1);
    const [entry] = violations;
    assert.deepEqual(
      [entry?.rule, entry?.severity, entry?.file, entry?.line, entry?.kind, entry?.namespace, entry?.name],
      ["memory-limit", "mandatory", "app.yaml", 7, "Deployment", "shop", "app"],
    );
    assert.equal(entry?.path, "spec.template.spec.containers[0].resources.limits.memory");
    assert.equal(entry?.message, "container a has no memory limit; container b has no memory limit");
    assert.equal(entry?.findings.length, 2);
    assert.match(entry?.remedy ?? "", /Set `resources\.limits\.memory`/);
    assert.deepEqual(counts, { objects: 1, rules: 1, mandatory: 1, advisory: 0, obligations: 0, exceptions: 0 });
  });

  it("takes lists apart, also typed ones and lists in lists", () => {
    const { kind: _kind, apiVersion: _version, ...untyped } = deployment([bare]);
    const inner = { apiVersion: "apps/v1", kind: "DeploymentList", items: [untyped] };
    const list = { apiVersion: "v1", kind: "List", items: [deployment([limited]), inner, deployment([bare])] };
    const report = engine({}).evaluate([{ object: list }]);
    assert.equal(report.counts.objects, 3);
    assert.equal(report.violations.length, 2);
  });

  it("refuses lists nested without end", () => {
    let list: Record<string, unknown> = deployment([bare]);
    for (let i = 0; i < 20; i++) list = { apiVersion: "v1", kind: "List", items: [list] };
    assert.throws(() => engine({}).evaluate([{ object: list }]), /lists inside lists, more than 8 deep/);
  });

  it("leaves system namespaces and other groups' kinds alone", () => {
    const other = { ...deployment([bare]), apiVersion: "example.com/v1" };
    const report = engine({}).evaluate([{ object: deployment([bare], "kube-system") }, { object: other }]);
    assert.deepEqual(report.violations, []);
  });

  it("fails for one bad container beside an unknown one, and keeps the obligation", () => {
    const { violations, obligations } = engine({}).evaluate([{ object: deployment([bare, unknown, limited]) }]);
    assert.equal(violations[0]?.path, "spec.template.spec.containers[0].resources.limits.memory");
    assert.deepEqual(obligations[0]?.waitsFor, ["spec.template.spec.containers[1]"]);
  });

  it("fails for a bad init container while the containers are not known", () => {
    const object = deployment([]);
    const spec = { containers: unknown, initContainers: [bare] };
    object.spec = { template: { spec } };
    const { violations, obligations } = engine({}).evaluate([{ object }]);
    assert.equal(violations[0]?.path, "spec.template.spec.initContainers[0].resources.limits.memory");
    assert.deepEqual(obligations[0]?.waitsFor, ["spec.template.spec.containers"]);
  });

  it("never passes an object that is not known at all", () => {
    const object = { ...deployment([]), spec: unknown };
    const { violations, obligations } = engine({}).evaluate([{ object }]);
    assert.deepEqual([violations.length, obligations.length], [0, 1]);
  });

  it("is undetermined where it is not known whether the rule applies", () => {
    const { spec, ...rest } = deployment([]);
    const object = {
      ...rest,
      spec: { ...(spec as object), replicas: 1 },
      metadata: { name: "app", namespace: unknown },
    };
    const report = engine({ rules: only("replicas-and-budget") }).evaluate([{ object }]);
    assert.deepEqual(report.violations, []);
    const waiting = report.obligations.map(({ path, waitsFor }) => [path, waitsFor]);
    assert.deepEqual(waiting, [
      ["spec.replicas", ["request.namespace"]],
      ["spec.template.metadata.labels", ["metadata.namespace"]],
    ]);
  });
});

describe("exceptions", () => {
  const exception = { rule: "memory-limit", kind: "Deployment", name: "app", reason: "r", who: "Kari", until: TODAY };
  const documents = [{ object: deployment([bare]) }];

  it("excuse a violation up to and with their last day", () => {
    const report = engine({ exceptions: [exception] }).evaluate(documents);
    assert.deepEqual([report.violations.length, report.exceptions.length], [0, 1]);
    assert.equal(report.exceptions[0]?.exception.who, "Kari");
  });

  it("excuse nothing afterwards, and the message says so", () => {
    const report = engine({ exceptions: [{ ...exception, until: "2026-11-22" }] }).evaluate(documents);
    assert.match(report.violations[0]?.message ?? "", /the exception that Kari answered for ended on 2026-11-22/);
  });

  it("excuse only what they name", () => {
    const report = engine({ exceptions: [{ ...exception, namespace: "other" }] }).evaluate(documents);
    assert.equal(report.violations.length, 1);
  });
});

describe("parameters", () => {
  const documents = [{ object: deployment([{ ...bare, resources: { limits: { cpu: "1" } } }]) }];

  it("come from the configuration", () => {
    const report = engine({ rules: only("cpu-limit"), params: { "cpu-limit": { mode: "forbidden" } } }).evaluate(
      documents,
    );
    assert.match(report.violations[0]?.message ?? "", /which is forbidden here/);
  });

  const faults: [string, Record<string, unknown>, RegExp][] = [
    [
      "an unknown name",
      { modus: "x" },
      /parameter modus of rule cpu-limit is "x"; allowed: no such parameter; there are mode/,
    ],
    ["a value that is not allowed", { mode: "maybe" }, /is "maybe"; allowed: required, optional, forbidden/],
    ["a value of another type", { mode: 3 }, /is 3; allowed: a text/],
  ];
  for (const [what, params, message] of faults) {
    it(`refuse ${what}`, () => {
      assert.throws(() => engine({ rules: only("cpu-limit"), params: { "cpu-limit": params } }), message);
    });
  }

  it("come from the stack, and a missing one is an obligation, never a pass", () => {
    const one = only("requests-fit-nodes");
    const without = engine({ rules: one }).evaluate([]);
    assert.deepEqual(without.obligations[0]?.waitsFor, ["params.nodes"]);
    assert.match(without.obligations[0]?.message ?? "", /not evaluated, because params\.nodes has no value/);
    const stack = { nodes: [{ role: "worker", cores: 2, memoryMiB: 2048 }] };
    assert.deepEqual(engine({ rules: one, stack }).evaluate([]).obligations, []);
  });
});
