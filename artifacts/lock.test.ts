import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { repositoryPath } from "../lib/places";
import { fill, lock, lockedImage, lockedTool, ownImage } from "./lock";

const goMod = (name: string) => readFileSync(repositoryPath("artifacts", "modules", name, "go.mod"), "utf8");

test("every tool of the lock has a module and every module is in the lock", () => {
  const modules = readdirSync(repositoryPath("artifacts", "modules")).sort();
  assert.deepEqual(Object.keys(lock().tools).sort(), modules);
});

test("each go.mod pins the version of the lock and declares its packages", () => {
  for (const [name, { version, build }] of Object.entries(lock().tools)) {
    const text = goMod(name);
    assert.match(
      text,
      new RegExp(
        `^\\s*(require )?${literally(build.module)} v${literally(build.version ?? version)}( // indirect)?$`,
        "m",
      ),
      name,
    );
    const declared = [...text.matchAll(/^tool (\S+)$/gm)].map(([, path]) => path).sort();
    assert.deepEqual(declared, Object.values(build.packages).sort(), name);
  }
});

test("Kubernetes' staging modules are those of its own release", () => {
  const { version } = lockedTool("kubernetes");
  const staging = [...goMod("kubernetes").matchAll(/^\s*k8s\.io\/\S+ => k8s\.io\/\S+ v(\S+)$/gm)].map(
    ([, found]) => found,
  );
  assert.ok(staging.length > 25);
  assert.deepEqual(new Set(staging), new Set([version.replace(/^1\./, "0.")]));
});

test("the official plugins are those whose SDKs the program is written against", () => {
  const { dependencies } = JSON.parse(readFileSync(repositoryPath("package.json"), "utf8"));
  for (const [name, version] of Object.entries(lock().plugins)) {
    assert.equal(dependencies[`@pulumi/${name}`], version, name);
  }
  assert.equal(dependencies["@pulumi/pulumi"], lockedTool("pulumi").version);
});

test("an official download gives every binary that a build gives", () => {
  for (const [name, { release, build }] of Object.entries(lock().tools)) {
    if (!release) continue;
    const taken = new Set(release.flatMap((file) => Object.keys(file.take)));
    for (const binary of Object.keys(build.packages)) assert.ok(taken.has(binary), `${name} lacks ${binary}`);
  }
});

test("an image's reference carries the version that is inside", () => {
  for (const name of Object.keys(lock().images)) {
    const { ref, version } = lockedImage(name);
    assert.ok(ref.includes(version), `${ref} holds ${version}`);
  }
});

test("an image of ours bears the version of the library that it is made with, and another tag for another program", () => {
  const ours = Object.entries(lock().images).filter(([, { library }]) => library);
  assert.deepEqual(
    ours.map(([name]) => name),
    ["network-policies", "storage", "ingress", "monitoring"],
  );
  for (const [name, { library, also }] of ours) {
    const module = readFileSync(repositoryPath("components", name, "agent", "go.mod"), "utf8");
    const { version } = lockedImage(name);
    assert.match(module, new RegExp(`${literally(library?.module ?? "")} v${literally(version)}$`, "m"));
    for (const each of Object.values(also))
      assert.match(module, new RegExp(`${literally(each.module)} v${literally(each.version)}$`, "m"));
    const ref = ownImage(name, `/store/${name}/0123456789abcdef`);
    assert.equal(ref, `ghcr.io/grunnmur/${name}:v${version}-01234567`);
  }
});

test("a template is filled from the version", () => {
  assert.equal(fill("{major}.{minor} is v{version}", "1.36.4"), "1.36 is v1.36.4");
});

test("an unknown name is answered with the known ones", () => {
  assert.throws(() => lockedTool("kubernets"), /"kubernets".*kubernetes/);
  assert.throws(() => lockedImage("nginx"), /"nginx".*kube-proxy/);
});

function literally(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

test("the reader of manifests is compiled from the versions that the agent is compiled from", () => {
  const versions = (text: string) =>
    new Map(
      [...text.matchAll(/^\s*([\w./-]+) (v\S+)(?: \/\/ indirect)?$/gm)].map(([, path, version]) => [path, version]),
    );
  const agent = versions(goMod("kustomize-controller"));
  const reader = versions(readFileSync(repositoryPath("policies", "reader", "go.mod"), "utf8"));
  const shared = [
    "github.com/fluxcd/pkg/",
    "sigs.k8s.io/kustomize/",
    "sigs.k8s.io/yaml",
    "go.yaml.in/yaml/",
    "k8s.io/",
  ];
  const compared = [...reader].filter(([path]) => shared.some((prefix) => path?.startsWith(prefix)) && agent.has(path));
  assert.ok(compared.length > 10);
  for (const [path, version] of compared) assert.equal(version, agent.get(path), path);
});
