import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { artifactReady } from "../artifacts/store";
import { fromStackFile, parseStack } from "../stacks/load";
import type { Stack } from "../stacks/stack";
import { Platform } from "./platform";

interface Made {
  type: string;
  name: string;
  // biome-ignore lint/suspicious/noExplicitAny: inputs of any resource
  inputs: any;
}

const made: Made[] = [];

pulumi.runtime.setMocks(
  {
    newResource: ({ type, name, inputs }) => {
      made.push({ type, name, inputs });
      const outputs: Record<string, unknown> = { ...inputs };
      if (type.startsWith("random:index/randomString")) outputs.result = "abcdef";
      if (type.startsWith("random:index/randomPassword"))
        outputs.result = "0123456789abcdef".repeat(3).slice(0, inputs.length);
      if (name === "cluster-origin") outputs.stdout = inputs.stdin;
      if (name === "first-day") outputs.stdout = "2026-01-01T00:00:00Z\n";
      if (name.endsWith("-preflight")) outputs.stdout = '{"fsyncP99Milliseconds":1}';
      if (name.endsWith("-proof")) outputs.stdout = "read-only\n";
      return { id: `${name}-id`, state: outputs };
    },
    call: ({ token }) => assert.fail(`the program calls ${token}, which no offline plugin answers`),
  },
  "grunnmur",
  "prod",
  false,
);

function stackOf(name: string): Stack {
  const root = join(__dirname, "..");
  return parseStack(fromStackFile(readFileSync(join(root, `Pulumi.${name}.yaml`), "utf8")), name);
}

const missing = !artifactReady("flux-manifests") && "the store has no flux-manifests";

before(async () => {
  if (missing) return;
  const platform = new Platform(stackOf("prod"), { gitHostToken: pulumi.secret("glpat-very-secret") });
  await new Promise((resolve) => pulumi.output(platform.agent.readOnly).apply(resolve));
  await pulumi.runtime.disconnect();
});

const of = (type: string) => made.filter((resource) => resource.type === type);

test("production is seven guests on three hypervisors, one registry, one cluster, one agent", { skip: missing }, () => {
  assert.equal(of("grunnmur:node:KvmNode").length, 7);
  for (const type of ["registry:Registry", "cluster:Cluster", "agent:SyncAgent"]) {
    assert.equal(of(`grunnmur:${type}`).length, 1, type);
  }
  const hosts = new Set(of("grunnmur:node:KvmNode").map(({ inputs }) => inputs.hypervisor.uri));
  assert.equal(hosts.size, 3);
});

test("a node costs the engine eight resources at most, and a data disk one more", { skip: missing }, () => {
  for (const { name } of of("grunnmur:node:KvmNode")) {
    const own = made.filter((resource) => resource.name === name || resource.name.startsWith(`${name}-`));
    const disk = own.filter((resource) => resource.name === `${name}-data`).length;
    assert.ok(own.length <= 8 + disk, `${name} has ${own.map((resource) => resource.name).join(", ")}`);
  }
});

test("volumes come with the agent that makes them, once nodes can pull it and policies are enforced", {
  skip: missing,
}, () => {
  const [storage] = of("grunnmur:storage:Storage");
  assert.deepEqual([storage?.inputs.reclaimPolicy, storage?.inputs.countries], ["Retain", ["NO", "NO", "NO"]]);
  assert.match(storage?.inputs.image, /^ghcr\.io\/grunnmur\/storage:v[0-9.]+-[0-9a-f]{8}$/);
});

test("every worker answers from outside, by a certificate of the environment's own for all names", {
  skip: missing,
}, () => {
  const [ingress] = of("grunnmur:ingress:Ingress");
  assert.deepEqual(ingress?.inputs.addresses, ["10.30.0.21", "10.30.0.22", "10.30.0.23"]);
  assert.match(ingress?.inputs.image, /^ghcr\.io\/grunnmur\/ingress:v[0-9.]+-[0-9a-f]{8}$/);
  const identity = made.find(({ name }) => name === "ingress-secret-ingress-tls")?.inputs.data;
  assert.ok(new X509Certificate(Buffer.from(identity.value["tls.crt"], "base64")).checkHost("payment.example.no"));
});

test("what a policy reads of the platform is the checked stack, and holds no secret", { skip: missing }, () => {
  const [platform] = of("grunnmur:platform:Platform");
  assert.equal(platform?.inputs.locality.profile, "NO");
  assert.equal(platform?.inputs.nodes.length, 7);
  assert.doesNotMatch(JSON.stringify(of("grunnmur:platform:Platform")), /glpat|PRIVATE KEY/);
});

test("no secret stands in a script, an environment variable or a component's inputs", { skip: missing }, () => {
  for (const { type, name, inputs } of made) {
    const open = type.startsWith("command:")
      ? { create: inputs.create, delete: inputs.delete, environment: inputs.environment }
      : type.startsWith("grunnmur:")
        ? inputs
        : {};
    assert.doesNotMatch(JSON.stringify(open), /BEGIN (OPENSSH|EC) PRIVATE KEY|glpat-|0123456789abcdef/, name);
  }
});

test("every remote connection pins the host's key", { skip: missing }, () => {
  const remote = of("command:remote:Command");
  assert.ok(remote.length > 10);
  for (const { name, inputs } of remote) assert.match(inputs.connection.value.hostKey ?? "", /^ssh-ed25519 /, name);
});

test("no command is given what its last run wrote: sshd refuses it, and the official plugin warns of each", {
  skip: missing,
}, () => {
  const commands = made.filter(({ type }) => type.startsWith("command:"));
  assert.ok(commands.length > 30);
  for (const { name, inputs } of commands) assert.equal(inputs.addPreviousOutputInEnv, false, name);
});

test("every hypervisor over SSH is reached with its host key pinned", { skip: missing }, () => {
  const domains = made.filter(({ name }) => name.endsWith("-domain"));
  assert.equal(domains.length, 7);
  for (const { name, inputs } of domains) assert.match(inputs.environment.HOST_KEY, /^ssh-ed25519 /, name);
});

test("a guest on a shared hypervisor bears its stack's name", { skip: missing }, () => {
  const names = made.filter(({ name }) => name.endsWith("-domain")).map(({ inputs }) => inputs.environment.NAME);
  assert.ok(names.includes("prod.control-1"), names.join(" "));
});

test("a production node is held to etcd's ten milliseconds", { skip: missing }, () => {
  const preflight = made.find(({ name }) => name.endsWith("control-1-preflight") || /control.*-preflight/.test(name));
  assert.match(preflight?.inputs.stdin, /^fsync_limit_ms=10$/m);
});

test("the deploy key is registered at GitLab with no way to push", { skip: missing }, () => {
  const registration = made.find(({ name }) => name === "agent-deploy-key");
  assert.match(registration?.inputs.create, /can_push: false/);
  assert.doesNotMatch(JSON.stringify(registration?.inputs.environment), /glpat/);
});

test("no secret is the ID of a resource: Pulumi encrypts none", { skip: missing }, () => {
  // The official provider gives these two their value as ID.
  const exposed = made.filter(({ type }) => /random:index\/random(Bytes|String):/.test(type)).map(({ name }) => name);
  assert.deepEqual(exposed, []);
});

test("the cluster's identifier is not its name, which could change", { skip: missing }, () => {
  const [provider] = of("pulumi:providers:kubernetes");
  assert.equal(provider?.inputs.clusterIdentifier, "cluster");
  assert.equal(provider?.inputs.deleteUnreachable, undefined);
});

test("what is done for one source, project or machine is done anew for another", { skip: missing }, () => {
  const triggers = (name: string) => made.find((resource) => resource.name === name)?.inputs.triggers;
  const { sync } = stackOf("prod");
  assert.deepEqual(triggers("agent-first-sync"), [sync.repository, sync.branch, sync.path]);
  assert.equal(triggers("agent-deploy-key")?.length, 2);
  assert.equal(triggers("registry-system-images")?.length, 1);
});
