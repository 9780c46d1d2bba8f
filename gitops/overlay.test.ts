import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { check } from "../policies/check/check";
import { reader } from "../policies/check/support/check-files";
import { loadRules } from "../policies/engine/load";
import { withResource } from "./listed";
import { type ClusterFiles, renderCluster, renderService, SHARED_NAMESPACE } from "./overlay";
import { type ConfigRepoValues, renderConfigRepo } from "./render";
import type { RepoFile } from "./templates";
import { addToTop } from "./top-files";

const SHA = "0123456789abcdef0123456789abcdef01234567";
const LOCAL = { cluster: "local", registry: "registry.local.example.no", region: "NO", profile: "NO" };
const PROD = { cluster: "prod", path: "./apps/prod", registry: "registry.example.no", region: "SE", profile: "EEA" };
const folder = mkdtempSync(join(tmpdir(), "overlay-"));
after(() => rmSync(folder, { recursive: true }));

type Repository = Map<string, string>;
const put = (repository: Repository, files: readonly RepoFile[]): void => {
  for (const { path, content } of files) repository.set(path, content);
};

/** What `init config-repo` and `init service` do, without a disk. */
function addCluster(repository: Repository, values: ConfigRepoValues): void {
  const { own, shared } = renderCluster(values);
  put(repository, [...own, ...shared]);
  put(
    repository,
    addToTop(values, (path) => repository.get(path)).filter((file): file is RepoFile => "content" in file),
  );
}

function addService(repository: Repository, values: ConfigRepoValues, service: string, host?: string): void {
  const where = { ...values, service, image: `team-a/${service}`, tag: SHA, ...(host ? { host } : {}) };
  const list = `${(values.path ?? `clusters/${values.cluster}`).replace("./", "")}/production/kustomization.yaml`;
  const text = repository.get(list) ?? "";
  const { own, shared }: ClusterFiles = renderService(where, text.includes(SHARED_NAMESPACE));
  put(repository, [...own, ...shared]);
  repository.set(list, withResource(text, service));
}

function written(repository: Repository, name: string): string {
  const root = join(folder, name);
  // The nearest directory with .git is the repository, for the check as for the agent.
  mkdirSync(join(root, ".git"), { recursive: true });
  for (const [path, content] of repository) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  return root;
}

const objects = (root: string, directory: string) => {
  const [built] = reader.build({ root, roots: [{ directory: join(root, directory) }] }).builds;
  assert.equal(built?.error, undefined);
  const key = ({ object }: { object: Record<string, unknown> }) => JSON.stringify([object.kind, object.metadata]);
  return (built?.objects ?? [])
    .map(({ object }) => {
      const { annotations: _origin, ...metadata } = object.metadata as Record<string, unknown>;
      return { object: { ...object, metadata } as Record<string, unknown> };
    })
    .sort((a, b) => (key(a) < key(b) ? -1 : 1));
};

test("two clusters in one repository, each with a service and a registry of its own, are what check accepts", () => {
  const repository: Repository = new Map();
  addCluster(repository, LOCAL);
  addService(repository, LOCAL, "shop", "shop.local.example.no");
  addCluster(repository, PROD);
  addService(repository, PROD, "shop");
  const root = written(repository, "two");
  for (const { values, directory, images } of [
    { values: LOCAL, directory: "clusters/local", images: [`registry.local.example.no/team-a/shop:${SHA}`] },
    { values: PROD, directory: "apps/prod", images: [`registry.example.no/team-a/shop:${SHA}`] },
  ]) {
    const report = check({
      paths: [join(root, directory)],
      rules: loadRules(),
      today: "2026-11-23",
      facts: {
        registry: { host: values.registry },
        locality: { profile: values.profile },
        ingress: { hosts: [{ name: "shop.local.example.no", namespaces: ["production"] }] },
      },
      reader,
    });
    assert.deepEqual([report.violations, report.unread], [[], []], directory);
    const deployments = objects(root, directory).filter(({ object }) => object.kind === "Deployment");
    assert.deepEqual(
      deployments.flatMap(({ object }) => JSON.stringify(object).match(/registry[a-z.]*\/[^"]+/g)),
      images,
    );
  }
});

test("a cluster that shares builds the very objects of one that has its own copy of all", () => {
  const sharing: Repository = new Map();
  addCluster(sharing, LOCAL);
  addService(sharing, LOCAL, "shop", "shop.local.example.no");
  const alone: Repository = new Map();
  put(alone, renderConfigRepo(LOCAL));
  addService(alone, LOCAL, "shop", "shop.local.example.no");
  assert.ok(![...alone.keys()].some((path) => path.startsWith("base/")));
  const [one, other] = [
    objects(written(sharing, "sharing"), "clusters/local"),
    objects(written(alone, "alone"), "clusters/local"),
  ];
  assert.ok(one.length > 10, `${one.length} objects`);
  assert.deepEqual(one, other);
});

test("what clusters share says nothing of any one of them", () => {
  const [local, prod] = [LOCAL, PROD].map((values) => [
    ...renderCluster(values).shared,
    ...renderService({ ...values, service: "shop", image: values.registry, tag: SHA }, true).shared,
  ]);
  assert.deepEqual(local, prod);
  assert.ok(local?.every(({ path }) => path.startsWith("base/production/")));
});

test("the example service under its own name is the example service", () => {
  const { own } = renderService({ ...LOCAL, service: "shop", image: "shop", tag: SHA }, false);
  const example = renderConfigRepo({ ...LOCAL, tag: SHA }).filter(({ path }) => path.includes("/payment-service/"));
  assert.deepEqual(
    own.map(({ path, content }) => ({ path, content })),
    example.map(({ path, content }) => ({
      path: path.replace("payment-service", "shop"),
      content: content.replaceAll("payment-service", "shop").replaceAll("app: payment\n", "app: shop\n"),
    })),
  );
});

test("a value that could be something else in YAML, a path or a shell is refused by its name", () => {
  const good = { ...LOCAL, service: "shop", image: "shop", tag: SHA };
  for (const wrong of [
    { service: "../shop" },
    { service: "1shop" },
    { service: "Shop" },
    { service: "shop\nx: y" },
    { image: "shop:1" },
    { image: "a//b" },
    { tag: "a b" },
    { tag: 'x"' },
    { tag: "" },
    { host: "a b" },
  ]) {
    for (const shares of [true, false])
      assert.throws(
        () => renderService({ ...good, ...wrong }, shares),
        new RegExp(`^Error: ${Object.keys(wrong)[0]}: received`),
      );
  }
});
