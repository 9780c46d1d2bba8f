import assert from "node:assert/strict";
import { test } from "node:test";
import { exitCode } from "./report";
import { checkFiles, deployment, of } from "./support/check-files";

const images = (report: ReturnType<typeof checkFiles>) =>
  of(report, "image-pinned").map(({ file, line, name, namespace }) => `${file}:${line} ${namespace}/${name}`);

const flux = (spec: string): string => `apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: { name: apps, namespace: flux-system }
spec:
  interval: 10m
  prune: true
  sourceRef: { kind: GitRepository, name: configuration }
${spec}`;

test("a directory that the agent applies is judged with the agent's own settings", () => {
  const settings = `  path: ./apps
  targetNamespace: bank
  namePrefix: x-
  images: [{ name: nginx, newTag: latest }]
  patches:
    - target: { kind: Deployment }
      patch: |
        - { op: remove, path: /spec/template/spec/containers/0/ports }
`;
  const report = checkFiles({ "flux.yaml": flux(settings), "apps/a.yaml": deployment("a") });
  assert.deepEqual(images(report), ["apps/a.yaml:11 bank/x-a"]);
  assert.match(of(report, "image-pinned")[0]?.message ?? "", /nginx:latest/);
});

test("variables are filled in: with values, with defaults, with nothing, and open where the cluster has them", () => {
  const app = deployment("a").replace("image: nginx", "image: registry.example.no/$" + "{app}:$" + "{tag:=1.0.0}");
  const files = (postBuild: string) => ({
    "flux.yaml": flux(`  path: ./apps\n  postBuild: ${postBuild}\n`),
    "apps/kustomization.yaml": "resources: [a.yaml]",
    "apps/a.yaml": app,
  });
  assert.deepEqual(images(checkFiles(files("{ substitute: { app: shop } }"))), []);
  assert.equal(images(checkFiles(files("{ substitute: { app: shop, tag: latest } }"))).length, 1);
  const open = checkFiles(files("{ substitute: { app: shop }, substituteFrom: [{ kind: Secret, name: tags }] }"));
  assert.deepEqual(images(open), []);
  assert.ok(open.obligations.some(({ rule }) => rule === "image-pinned"));
});

test("settings that kustomizations give the agent's own objects count", () => {
  const report = checkFiles({
    "clusters/prod/kustomization.yaml":
      'resources: [../base]\npatches: [{ target: { kind: Kustomization }, patch: \'[{ "op": "add", "path": "/spec/targetNamespace", "value": "bank" }]\' }]',
    "clusters/base/kustomization.yaml": "resources: [apps.yaml]",
    "clusters/base/apps.yaml": flux("  path: ./apps\n"),
    "apps/a.yaml": deployment("a"),
  });
  assert.deepEqual(images(report), ["apps/a.yaml:11 bank/a"]);
});

test("of two settings for a directory, those count that stand in something that is applied", () => {
  const child = flux("  path: ./apps\n").replace("namespace: flux-system", "namespace: bank");
  const patch = '[{ "op": "add", "path": "/spec/namePrefix", "value": "x-" }]';
  const report = checkFiles({
    // It takes in itself, as an agent's own does.
    "clusters/kustomization.yaml": "resources: [self.yaml, ../tenants]",
    "clusters/self.yaml": flux(
      `  path: ./clusters\n  patches: [{ target: { kind: Kustomization, name: apps }, patch: '${patch}' }]\n`,
    ).replace("name: apps,", "name: self,"),
    "tenants/kustomization.yaml": "resources: [child.yaml]",
    "tenants/child.yaml": child,
    "apps/a.yaml": deployment("a"),
  });
  assert.deepEqual(images(report), ["apps/a.yaml:11 shop/x-a"]);
});

test("a directory that the agent could not build is an error, though each file in it is readable", () => {
  const report = checkFiles({
    "flux.yaml": flux("  path: ./apps\n"),
    "apps/a.yaml": deployment("a"),
    "apps/values.yaml": "a: 1\n",
  });
  assert.match(report.unread[0]?.reason ?? "", /apps\/values\.yaml/);
  assert.equal(exitCode(report), 2);
});

test("what is in no source of the agent does not hinder it", () => {
  const files = {
    ".gitlab-ci.yml": "stages: [a]\n",
    ".github/workflows/a.yaml": "on: push\n",
    "link.yaml": { link: "a.yaml" },
  };
  const report = checkFiles({
    ...files,
    "flux.yaml": flux("  path: ./\n  targetNamespace: bank\n"),
    "a.yaml": deployment("a"),
  });
  assert.deepEqual(report.unread, []);
  assert.deepEqual(images(report), ["a.yaml:11 bank/a"]);
});
