import assert from "node:assert/strict";
import { test } from "node:test";
import { exitCode } from "./report";
import { checkFiles } from "./support/check-files";

/**
 * Inputs at which a reader of one's own, or a rule that looks only at what is written, goes wrong. Each stands for its
 * kind; the table at the end of the test says what came of each.
 */

type Files = Parameters<typeof checkFiles>[0];

interface Case {
  kind: string;
  files: Files;
  /** `rule file:line`, of everything that is not clean; nothing where the input is clean. */
  expect?: string[];
  /** 0 where nothing is expected, 1 where something is. */
  exit?: number;
}

const GOOD =
  "resources: { requests: { cpu: 100m, memory: 64Mi }, limits: { cpu: 200m, memory: 64Mi, ephemeral-storage: 64Mi } }";
const IMAGE = "registry.example.no/a:1.4.2";

const pod = (containers: string, more = ""): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: { name: a, namespace: shop }\nspec:\n  containers:\n${containers}\n${more}`;
const container = (image = IMAGE): string => `    - name: app\n      image: ${image}\n      ${GOOD}`;
const env = (...entries: string[]): string =>
  pod(`${container()}\n      env:\n${entries.map((one) => `        - ${one}`).join("\n")}`);
const unpinned = (line: number, file = "a.yaml"): string[] => [`image-pinned ${file}:${line}`];

const hidden = (separator: string): Case => ({
  kind: `U+${separator.charCodeAt(0).toString(16).padStart(4, "0")} ends a comment`,
  files: {
    "a.yaml": pod(`${container()}\n      # more${separator}    - { name: b, image: registry.example.no/b, ${GOOD} }`),
  },
  expect: unpinned(9),
});

const workload = (kind: string, version: string, spec: string): string =>
  `apiVersion: ${version}\nkind: ${kind}\nmetadata: { name: a, namespace: shop }\nspec: ${spec}\n`;
const template = `{ containers: [{ name: app, image: "registry.example.no/a", ${GOOD} }] }`;

const CASES: Case[] = [
  ...["\u2028", "\u2029", "\u0085"].map(hidden),
  {
    kind: "braces in a quoted text are no template",
    files: {
      "a.yaml": pod(
        `    - name: app\n      image: registry.example.no/a\n      args:\n        - "{{ x }}, \\\n  y"\n      ${GOOD}`,
      ),
    },
    expect: unpinned(7),
  },
  {
    kind: "a byte order mark inside a file",
    files: { "a.yaml": `# first\n---\n\ufeff${pod(container("registry.example.no/a"))}` },
    expect: unpinned(9),
  },
  {
    kind: "a closing bracket in its key's column",
    files: {
      "a.yaml": pod(`    - name: app\n      image: ${IMAGE}\n      args: [\n        "x",\n      ]\n      ${GOOD}`),
    },
  },
  {
    kind: "JSON objects one behind the other",
    files: {
      "a.json": ["a", "b"]
        .map((name) =>
          JSON.stringify({
            apiVersion: "v1",
            kind: "Pod",
            metadata: { name, namespace: "shop" },
            spec: {
              containers: [
                {
                  name,
                  image: "registry.example.no/a",
                  resources: {
                    requests: { cpu: "1", memory: "1Gi" },
                    limits: { cpu: "1", memory: "1Gi", "ephemeral-storage": "1Gi" },
                  },
                },
              ],
            },
          }),
        )
        .join("\n"),
    },
    expect: [...unpinned(1, "a.json"), ...unpinned(2, "a.json")],
  },
  { kind: "tags of another program", files: { "a.yaml": "emoji: !!python/name:a.b\nsecret: !secret x\n" } },
  {
    kind: "a tag on a manifest's value",
    files: { "a.yaml": pod(container("!Ref registry.example.no/a")) },
    expect: unpinned(7),
  },
  {
    kind: "a key written twice",
    files: { "a.yaml": pod(container(), "  containers: []") },
    exit: 2,
  },
  {
    kind: "a Deployment in a list in a list",
    files: {
      "a.yaml": `apiVersion: v1\nkind: List\nitems:\n  - { apiVersion: v1, kind: List, items: [{ apiVersion: v1, kind: Pod, metadata: { name: a, namespace: shop }, spec: ${template} }] }\n`,
    },
    expect: unpinned(4),
  },
  {
    kind: "telemetry through a variable",
    files: {
      "a.yaml": env(
        '{ name: OUT, value: "collector.example.com/?" }',
        '{ name: OTEL_EXPORTER_OTLP_ENDPOINT, value: "http://$(OUT).svc" }',
      ),
    },
    expect: ["telemetry-declared a.yaml:9"],
  },
  {
    kind: "telemetry to the pod's own node",
    files: {
      "a.yaml": env(
        "{ name: NODE, valueFrom: { fieldRef: { fieldPath: status.hostIP } } }",
        '{ name: OTEL_EXPORTER_OTLP_ENDPOINT, value: "http://$(NODE):4317" }',
      ),
    },
  },
  {
    kind: "telemetry switched off, or on loopback",
    files: {
      "a.yaml": env(
        '{ name: SENTRY_DSN, value: "" }',
        '{ name: OTEL_EXPORTER_OTLP_ENDPOINT, value: "http://[::1]:4318" }',
      ),
    },
  },
  {
    kind: "a name with a dot behind",
    files: { "a.yaml": workload("Service", "v1", "{ type: ExternalName, externalName: a.bank.svc.cluster.local. }") },
  },
  {
    kind: "a digest of SHA-512",
    files: { "a.yaml": pod(container(`registry.example.no/a@sha512:${"0123456789abcdef".repeat(8)}`)) },
  },
  {
    kind: "a digest that is too short",
    files: { "a.yaml": pod(container("registry.example.no/a@sha512:0123")) },
    expect: unpinned(7),
  },
  {
    kind: "an amount with a wrong suffix",
    files: {
      "a.yaml": pod(container().replaceAll("64Mi", "1GB").replace("ephemeral-storage: 1GB", "ephemeral-storage: 1Gi")),
    },
    expect: ["quantity-well-formed a.yaml:8"],
  },
  {
    kind: "a Secret as SOPS leaves it",
    files: {
      "a.yaml": `apiVersion: v1\nkind: Secret\nmetadata: { name: a, namespace: shop }\nstringData:\n  a: ENC[AES256_GCM,data:kA==,iv:${"A".repeat(43)}=,tag:${"A".repeat(22)}==,type:str]\n  b: ""\nsops: { mac: "ENC[AES256_GCM,data:kA==,iv:${"A".repeat(43)}=,tag:${"A".repeat(22)}==,type:str]" }\n`,
    },
  },
  {
    kind: "a Rollout of Argo",
    files: { "a.yaml": workload("Rollout", "argoproj.io/v1alpha1", `{ template: { spec: ${template} } }`) },
    expect: unpinned(4),
  },
  {
    kind: "a Service of Knative",
    files: { "a.yaml": workload("Service", "serving.knative.dev/v1", `{ template: { spec: ${template} } }`) },
    expect: unpinned(4),
  },
  {
    kind: "a ScaledJob of KEDA",
    files: {
      "a.yaml": workload("ScaledJob", "keda.sh/v1alpha1", `{ jobTargetRef: { template: { spec: ${template} } } }`),
    },
    expect: unpinned(4),
  },
];

test("inputs of each kind give what they should, at their lines", (t) => {
  const rows = CASES.map(({ kind, files, expect = [], exit }) => {
    const report = checkFiles(files);
    const found = report.violations.map(({ rule, file, line }) => `${rule} ${file}:${line}`).sort();
    const code = exitCode(report);
    t.diagnostic(`${kind.padEnd(44)} exit ${code}  ${found.join(", ") || "-"}`);
    const right =
      code === (exit ?? (expect.length > 0 ? 1 : 0)) && (exit === 2 || found.join() === [...expect].sort().join());
    return { kind, right, found, code };
  });
  assert.deepEqual(
    rows.filter(({ right }) => !right),
    [],
  );
});
