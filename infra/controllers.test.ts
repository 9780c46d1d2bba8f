import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { artifactDir, artifactReady } from "../artifacts/store";
import { controllers } from "../components/agent/controllers";
import { knownHost, syncObjects } from "../components/agent/sync";

interface Deployment {
  kind: string;
  metadata: { name: string };
  spec: { template: { spec: { containers: { args: string[] }[] } } };
}

const images = { sourceController: "s:1", kustomizeController: "k:1" };
const deployments = controllers(images, "10.96.0.0/16", false)
  .filter((object): object is Deployment => "spec" in object)
  .slice(0, 2);

for (const { metadata, spec } of deployments) {
  const { name } = metadata;
  test(`${name} knows every flag it is given`, { skip: !artifactReady(name) && `the store has no ${name}` }, () => {
    const { stdout, stderr } = spawnSync(join(artifactDir(name), "bin", name), ["--help"], { encoding: "utf8" });
    const known = new Set(`${stdout}${stderr}`.match(/--[a-z-]+/g));
    for (const argument of spec.template.spec.containers[0]?.args ?? []) {
      const [flag = ""] = argument.split("=");
      assert.ok(known.has(flag), `${flag} is not among ${[...known].join(" ")}`);
    }
  });
}

test("what is pulled is applied by an account of its own, and pruned; drift is not left while pods start", () => {
  const [source, kustomization] = syncObjects({
    repository: "ssh://git@10.20.0.10/srv/git/config.git",
    branch: "main",
    path: "./clusters/local",
    intervalSeconds: 10,
    driftSeconds: 30,
  }) as { spec: Record<string, unknown> }[];
  assert.equal(source?.spec.interval, "10s");
  assert.equal(kustomization?.spec.interval, "30s");
  assert.equal(kustomization?.spec.serviceAccountName, "config-reconciler");
  assert.equal(kustomization?.spec.prune, true);
  assert.equal(kustomization?.spec.wait, false);
});

test("a host key is pinned for the port that the repository names", () => {
  assert.equal(knownHost("ssh://git@git.example.no/a.git", "ssh-ed25519 AAAA"), "git.example.no ssh-ed25519 AAAA\n");
  assert.match(knownHost("ssh://git@git.example.no:2222/a.git", "k"), /^\[git\.example\.no\]:2222 k/);
});
