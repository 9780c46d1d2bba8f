import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { repositoryPath } from "../../lib/places";
import { compareVersions, defaultBinaryName, goBuild } from "./go";

const path = process.env.PATH;

beforeEach(() => {
  process.env.PATH = path;
});

afterEach(() => {
  process.env.PATH = path;
});

test("compares versions by number", () => {
  assert.ok(compareVersions("1.9.1", "1.26") < 0);
  assert.ok(compareVersions("1.26.8", "1.26") > 0);
  assert.equal(compareVersions("1.26", "1.26.0"), 0);
  assert.ok(compareVersions("1.26rc1", "1.27") < 0);
});

test("a binary has the name that Go gives it", () => {
  assert.equal(defaultBinaryName("k8s.io/kubernetes/cmd/kubeadm"), "kubeadm");
  assert.equal(defaultBinaryName("go.etcd.io/etcd/server/v3"), "server");
  assert.equal(defaultBinaryName("github.com/fluxcd/source-controller"), "source-controller");
});

test("without Go the error says which Go and where from", async () => {
  process.env.PATH = "/nonexistent";
  const build = { moduleDir: repositoryPath("artifacts", "modules", "crane"), output: "/nonexistent/", packages: [] };
  await assert.rejects(
    goBuild(build, () => {}),
    /go is not installed.*Install Go 1\.26 or newer.*"golang"/,
  );
});
