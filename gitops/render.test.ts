import assert from "node:assert/strict";
import { posix } from "node:path";
import { test } from "node:test";
import { parseAllDocuments } from "yaml";
import { CHECK_IMAGE } from "../artifacts/recipes/check-image";
import { renderConfigRepo, renderFiles } from "./render";

const SHA = "0123456789abcdef0123456789abcdef01234567";
const VALUES = {
  cluster: "local",
  registry: "registry.local.grunnmur.internal",
  tag: SHA,
  host: "payment.local.grunnmur.internal",
  region: "NO",
  profile: "EEA+adequacy",
};
const FILES = renderConfigRepo(VALUES);
const ROOT = "clusters/local";

// biome-ignore lint/suspicious/noExplicitAny: manifests are looked into field by field
type Manifest = any;

function parsed(path: string, content: string): Manifest[] {
  // YAML 1.1 is what Kubernetes' own reader is nearest to: there, NO without quotes is false.
  return parseAllDocuments(content, { version: "1.1", uniqueKeys: true }).map((document) => {
    assert.deepEqual(document.errors, [], path);
    return document.toJS();
  });
}

/** The objects that applying `folder` gives, by following each kustomization's list as the agent does. */
function build(folder: string): Manifest[] {
  const file = (path: string) => FILES.find((f) => f.path === path);
  const kustomization = file(`${folder}/kustomization.yaml`);
  assert.ok(kustomization, `${folder} has a kustomization`);
  const [{ resources }] = parsed(folder, kustomization.content);
  return resources.flatMap((entry: string) => {
    const path = posix.join(folder, entry);
    const found = file(path);
    return found ? parsed(path, found.content) : build(path);
  });
}

const OBJECTS = build(ROOT);
const only = (kind: string, name: string): Manifest => {
  const found = OBJECTS.filter((o) => o.kind === kind && o.metadata.name === name);
  assert.equal(found.length, 1, `${kind} ${name}`);
  return found[0];
};

test("no placeholder is left, in a path or in a text", () => {
  for (const { path, content } of FILES) assert.doesNotMatch(path + content, /\{\{|\}\}/, path);
});

test("every file parses, and every manifest is listed by a kustomization", () => {
  const manifests = FILES.filter(({ path }) => path.startsWith(ROOT) && !path.endsWith("kustomization.yaml"));
  const written = manifests.flatMap(({ path, content }) => parsed(path, content));
  assert.deepEqual(
    new Set(OBJECTS.map((o) => `${o.kind}/${o.metadata.name}`)),
    new Set(written.map((o) => `${o.kind}/${o.metadata.name}`)),
  );
  for (const { path, content } of FILES) if (/\.ya?ml$/.test(path)) parsed(path, content);
});

test("without a name nothing answers from outside, and with one what the stack gives production", () => {
  const { host, ...values } = VALUES;
  const ingress = only("Ingress", "payment-service");
  assert.deepEqual(
    [ingress.metadata.namespace, ingress.spec.rules.map((rule: Manifest) => rule.host)],
    ["production", [host]],
  );
  const files = renderConfigRepo(values);
  assert.deepEqual(
    files.filter(({ path, content }) => /ingress\.yaml|kind: Ingress$/m.test(path + content)),
    [],
  );
});

test("without an image the scaffold has no service, and lists none", () => {
  const { tag: _none, ...values } = VALUES;
  const files = renderConfigRepo({ ...values, path: "./apps/one" });
  assert.deepEqual(
    files.filter(({ path, content }) => /payment-service:|\{\{/.test(path + content)).map(({ path }) => path),
    [],
  );
  const paths = new Set(files.map(({ path }) => path));
  for (const { path, content } of files.filter((file) => file.path.endsWith("/kustomization.yaml"))) {
    const [{ resources }] = parsed(path, content);
    for (const entry of resources) {
      const target = posix.join(posix.dirname(path), entry);
      assert.ok(paths.has(target) || paths.has(`${target}/kustomization.yaml`), `${path} lists ${entry}`);
    }
  }
  assert.ok(paths.has("apps/one/production/namespace.yaml"), "the folder that the agent reads is filled");
});

test("every namespaced object is in production", () => {
  for (const { kind, metadata } of OBJECTS) {
    assert.equal(metadata.namespace, kind === "Namespace" ? undefined : "production", `${kind} ${metadata.name}`);
  }
});

test("payment-service is exactly what the article shows", () => {
  const { metadata, spec } = only("Deployment", "payment-service");
  assert.equal(metadata.namespace, "production");
  assert.equal(spec.replicas, 3);
  assert.deepEqual(spec.selector.matchLabels, { app: "payment" });
  assert.deepEqual(spec.template.metadata.labels, { app: "payment" });
  assert.equal(spec.template.spec.containers.length, 1);
  const [container] = spec.template.spec.containers;
  assert.equal(container.name, "payment-service");
  assert.equal(container.image, `registry.local.grunnmur.internal/payment-service:${SHA}`);
  assert.deepEqual(container.ports, [{ name: "http", containerPort: 8080 }]);
  assert.deepEqual(container.resources, {
    requests: { memory: "64Mi", cpu: "250m", "ephemeral-storage": "32Mi" },
    limits: { memory: "128Mi", cpu: "500m", "ephemeral-storage": "64Mi" },
  });
});

test("its pods pass Pod Security's restricted level, which its namespace enforces", () => {
  assert.equal(only("Namespace", "production").metadata.labels["pod-security.kubernetes.io/enforce"], "restricted");
  const pod = only("Deployment", "payment-service").spec.template.spec;
  assert.equal(pod.securityContext.runAsNonRoot, true);
  assert.ok(pod.securityContext.runAsUser > 0);
  assert.equal(pod.securityContext.seccompProfile.type, "RuntimeDefault");
  const { securityContext } = pod.containers[0];
  assert.equal(securityContext.allowPrivilegeEscalation, false);
  assert.deepEqual(securityContext.capabilities, { drop: ["ALL"] });
  assert.equal(securityContext.readOnlyRootFilesystem, true);
});

test("its pods carry no token, and belong to an account that has none", () => {
  const pod = only("Deployment", "payment-service").spec.template.spec;
  assert.equal(pod.automountServiceAccountToken, false);
  assert.equal(only("ServiceAccount", pod.serviceAccountName).automountServiceAccountToken, false);
});

test("its probes ask /healthz where it listens, and wait patiently", () => {
  const [container] = only("Deployment", "payment-service").spec.template.spec.containers;
  for (const probe of ["startupProbe", "readinessProbe", "livenessProbe"]) {
    assert.deepEqual(container[probe].httpGet, { path: "/healthz", port: "http" }, probe);
    assert.ok(container[probe].timeoutSeconds >= 10, probe);
  }
});

test("its Service leads from port 80 to the container's, and selects its pods", () => {
  const { spec } = only("Service", "payment-service");
  assert.deepEqual(spec.selector, { app: "payment" });
  assert.deepEqual(spec.ports, [{ name: "http", port: 80, targetPort: 8080 }]);
  assert.equal(spec.type, "ClusterIP");
});

test("its pods are bound to the region that the namespace promises, read as text", () => {
  const labels = only("Namespace", "production").metadata.labels;
  const key = "topology.kubernetes.io/region";
  assert.equal(labels["grunnmur.internal/personal-data"], "true");
  assert.equal(labels[key], "NO");
  assert.equal(only("Deployment", "payment-service").spec.template.spec.nodeSelector[key], "NO");
});

const UNITS: Record<string, number> = { m: 0.001, "": 1, Mi: 2 ** 20, Gi: 2 ** 30 };
function quantity(text: string): number {
  const [, figure, unit = ""] = /^(\d+)(m|Mi|Gi)?$/.exec(text) ?? assert.fail(`not a quantity: ${text}`);
  return Number(figure) * (UNITS[unit] ?? assert.fail(unit));
}

test("quota and limit range leave room for a rolling update, and for two replicas more by hand", () => {
  const { replicas, strategy, template } = only("Deployment", "payment-service").spec;
  const most = Math.max(replicas + strategy.rollingUpdate.maxSurge, 5 + strategy.rollingUpdate.maxSurge);
  const { hard } = only("ResourceQuota", "production").spec;
  const { resources } = template.spec.containers[0];
  assert.ok(Number(hard.pods) >= most);
  for (const kind of ["requests", "limits"]) {
    for (const resource of ["cpu", "memory", "ephemeral-storage"]) {
      const needed = quantity(resources[kind][resource]) * most;
      assert.ok(quantity(hard[`${kind}.${resource}`]) >= needed, `${kind}.${resource}`);
    }
  }
  const { max } = only("LimitRange", "containers").spec.limits[0];
  for (const resource of Object.keys(max))
    assert.ok(quantity(max[resource]) >= quantity(resources.limits[resource]), resource);
});

test("a drained node leaves at least two of its pods, but can be drained", () => {
  const { minAvailable, selector } = only("PodDisruptionBudget", "payment-service").spec;
  assert.deepEqual(selector.matchLabels, { app: "payment" });
  assert.ok(minAvailable >= 2 && minAvailable < only("Deployment", "payment-service").spec.replicas);
});

test("the namespace denies all traffic by default, and lets in names and the service's port", () => {
  const deny = only("NetworkPolicy", "default-deny").spec;
  assert.deepEqual(deny, { podSelector: {}, policyTypes: ["Ingress", "Egress"] });
  const dns = only("NetworkPolicy", "allow-dns").spec.egress[0];
  assert.deepEqual(
    dns.ports.map((p: Manifest) => `${p.protocol}/${p.port}`),
    ["UDP/53", "TCP/53"],
  );
  const service = only("NetworkPolicy", "payment-service").spec;
  assert.deepEqual(service.podSelector.matchLabels, { app: "payment" });
  assert.deepEqual(service.ingress, [{ ports: [{ protocol: "TCP", port: 8080 }] }]);
});

test("merge requests are checked against the stack's registry and profile", () => {
  const ci = FILES.find(({ path }) => path === ".gitlab-ci.yml");
  const [{ check }] = parsed(".gitlab-ci.yml", ci?.content ?? "");
  assert.deepEqual(check.parallel.matrix, [
    { CLUSTER: ROOT, REGISTRY_HOST: VALUES.registry, LOCALITY_PROFILE: "EEA+adequacy" },
  ]);
  assert.match(
    check.script.join("\n"),
    /^grunnmur-check --registry "\$REGISTRY_HOST" --profile "\$LOCALITY_PROFILE" "\$CI_PROJECT_DIR\/\$CLUSTER"$/,
  );
  assert.equal(check.image.name, `$REGISTRY_HOST/mirror/${CHECK_IMAGE}`);
});

test("an unknown placeholder is refused with its file, and so is a misformed value", () => {
  const file = { path: "a.yaml", content: "x: {{regstry}}" };
  assert.throws(
    () => renderFiles([file], VALUES),
    /^Error: a\.yaml: unknown placeholder \{\{regstry\}\}, allowed are cluster,/,
  );
  assert.throws(() => renderFiles([{ path: "a", content: "{{constructor}}" }], VALUES), /unknown placeholder/);
  for (const wrong of [
    { tag: "latest" },
    { registry: "https://r.no" },
    { region: "no" },
    { cluster: "../x" },
    { profile: "" },
  ]) {
    assert.throws(
      () => renderConfigRepo({ ...VALUES, ...wrong }),
      new RegExp(`^Error: ${Object.keys(wrong)[0]}: received`),
    );
  }
});
