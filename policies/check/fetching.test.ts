import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";
import { exitCode } from "./report";
import { checkFiles } from "./support/check-files";

/** Every way by which a kustomization, or what it names, asks for something elsewhere. */
const FETCHING: Record<string, (address: string) => Record<string, string>> = {
  "a resource": (url) => ({ "kustomization.yaml": `resources: ["${url}/a.yaml"]` }),
  "a base of Git": (url) => ({ "kustomization.yaml": `resources: ["git::${url}/a/b.git?ref=main"]` }),
  "a base of Git by its name": (url) => ({ "kustomization.yaml": `resources: ["${url}/a/b.git//base?ref=main"]` }),
  "a base in the old field": (url) => ({ "kustomization.yaml": `bases: ["${url}/a/b.git//base"]` }),
  "a component": (url) => ({ "kustomization.yaml": `components: ["${url}/a/b.git//c"]` }),
  "a patch": (url) => ({ "kustomization.yaml": `patches: [{ path: "${url}/a.yaml" }]` }),
  "a patch in the old field": (url) => ({ "kustomization.yaml": `patchesStrategicMerge: ["${url}/a.yaml"]` }),
  "a JSON patch": (url) => ({
    "kustomization.yaml": `patchesJson6902: [{ path: "${url}/a.yaml", target: { version: v1, kind: Pod, name: a } }]`,
  }),
  "a replacement": (url) => ({ "kustomization.yaml": `replacements: [{ path: "${url}/a.yaml" }]` }),
  "a file of a ConfigMap": (url) => ({
    "kustomization.yaml": `configMapGenerator: [{ name: a, files: ["key=${url}/a"] }]`,
  }),
  "a file of a Secret": (url) => ({ "kustomization.yaml": `secretGenerator: [{ name: a, envs: ["${url}/a"] }]` }),
  "a schema": (url) => ({ "kustomization.yaml": `openapi: { path: "${url}/a.json" }\nresources: []` }),
  "a CRD": (url) => ({ "kustomization.yaml": `crds: ["${url}/a.json"]\nconfigMapGenerator: [{ name: a }]` }),
  "a configuration": (url) => ({
    "kustomization.yaml": `configurations: ["${url}/a.yaml"]\nconfigMapGenerator: [{ name: a }]`,
  }),
  "a generator": (url) => ({ "kustomization.yaml": `generators: ["${url}/a.yaml"]` }),
  "a transformer": (url) => ({ "kustomization.yaml": `transformers: ["${url}/a.yaml"]` }),
  "a validator": (url) => ({ "kustomization.yaml": `validators: ["${url}/a.yaml"]` }),
  "a chart": (url) => ({ "kustomization.yaml": `helmCharts: [{ name: a, repo: "${url}", version: "1" }]` }),
  "a patch of a transformer": (url) => ({
    "kustomization.yaml": "transformers: [t.yaml]\nconfigMapGenerator: [{ name: a }]",
    "t.yaml": `apiVersion: builtin\nkind: PatchTransformer\nmetadata: { name: p }\ntarget: { kind: ConfigMap }\npath: ${url}/a.yaml\n`,
  }),
  "a patch of a transformer in a text": (url) => ({
    "kustomization.yaml": `transformers:\n  - |-\n    apiVersion: builtin\n    kind: PatchTransformer\n    metadata: { name: p }\n    target: { kind: ConfigMap }\n    path: ${url}/a.yaml\nconfigMapGenerator: [{ name: a }]\n`,
  }),
  "a file of a generator in a file": (url) => ({
    "kustomization.yaml": "generators: [g.yaml]",
    "g.yaml": `apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: { name: a }\nname: a\nfiles: ["k=${url}/a"]\n`,
  }),
  "a base of a base": (url) => ({
    "prod/kustomization.yaml": "resources: [../base]",
    "base/kustomization.yaml": `resources: ["${url}/a.yaml"]`,
  }),
};

test("nothing that a repository names is asked for over the network", async () => {
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  try {
    for (const [what, files] of Object.entries(FETCHING)) {
      const report = checkFiles(files(`http://127.0.0.1:${port}`));
      assert.equal(exitCode(report), 2, what);
      if (what !== "a chart")
        assert.match(report.unread[0]?.reason ?? "", /127\.0\.0\.1.* is not in this repository/, what);
    }
    // The kernel takes connections while this process waits for its child; they are told afterwards.
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(connections, 0);
  } finally {
    server.close();
  }
});
