import { FOREIGN } from "../../engine/pod-specs";
import type { Rule } from "../../engine/rule";
import { plural, pluralsOf } from "../resources";
import type { Client, Manifest } from "./client";

const MARKER = "grunnmur-test/marker";
const TRIES = 150;

/** Brings an API server to the point where it can be asked about objects. */
export class TestCluster {
  private installs = 0;

  constructor(readonly client: Client) {}

  /** Makes policies, and waits until the server holds to them. @returns what it refused to make, with its words */
  async install(policies: readonly Manifest[]): Promise<Map<string, string>> {
    const refused = new Map<string, string>();
    for (const policy of policies) {
      const { status, body } = await this.client.create(policy);
      const { name } = policy.metadata as { name: string };
      if (status >= 300 && !refused.has(name)) refused.set(name, String(body.message));
    }
    const marker = `marker-${this.installs++}`;
    for (const object of markerPolicy(marker)) await this.client.mustCreate(object);
    // The server takes policies in the order in which they were made: where it holds to the last, it does to all.
    await this.until(() => this.marked(marker, "default", ""), "the policies");
    return refused;
  }

  /** Makes a namespace, or gives one its labels, and waits until policies see it. */
  async namespace(object: Manifest): Promise<void> {
    const { name, labels = {}, annotations = {} } = object.metadata as { name: string; [key: string]: unknown };
    await this.client.mustCreate({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
    const path = `/api/v1/namespaces/${name}`;
    const found = (await this.client.send("GET", path)).body;
    const metadata = { ...(found.metadata as Manifest), labels, annotations };
    const { body } = await this.client.send("PUT", path, { ...found, metadata });
    const { resourceVersion } = body.metadata as { resourceVersion: string };
    await this.until(() => this.marked(`marker-${this.installs - 1}`, name, resourceVersion), `namespace ${name}`);
  }

  /** Makes kinds known that the server does not serve itself, with any content. @returns those that cannot be made */
  async define(rules: readonly Rule[], objects: readonly Manifest[]): Promise<void> {
    const unserved = new Map<string, { group: string; kind: string; versions: Set<string> }>();
    for (const object of objects) {
      if (!("why" in (await this.client.pathOf(object)))) continue;
      const [group = "", version = ""] = String(object.apiVersion).split("/");
      const kind = String(object.kind);
      const entry = unserved.get(`${group}/${kind}`) ?? { group, kind, versions: new Set<string>() };
      unserved.set(`${group}/${kind}`, { ...entry, versions: entry.versions.add(version) });
    }
    for (const { group, kind, versions } of unserved.values()) {
      const known = namesOf(rules, group, kind);
      if (known && group.includes(".")) await this.client.mustCreate(definition(group, kind, known, [...versions]));
    }
    const defined = () => {
      this.client.forgetKinds();
      return Promise.all(
        [...unserved.values()].map(({ group, kind, versions: [version] }) =>
          this.client.pathOf({ apiVersion: `${group}/${version}`, kind }),
        ),
      ).then((paths) => !paths.some((path) => "why" in path));
    };
    if (unserved.size > 0) await this.until(defined, "new kinds").catch(() => undefined);
  }

  private async marked(label: string, namespace: string, seen: string): Promise<boolean> {
    const metadata = { name: "marker", namespace, labels: { [MARKER]: label } };
    const { warnings } = await this.client.create({ apiVersion: "v1", kind: "ConfigMap", metadata }, { dryRun: true });
    return warnings.some((text) => text.endsWith(seen === "" ? "" : ` ${seen}`) && text.includes(`'${label}'`));
  }

  private async until(done: () => Promise<boolean>, what: string): Promise<void> {
    for (let tries = 0; tries < TRIES; tries++) {
      if (await done()) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`the API server does not see ${what} after ${TRIES / 10} s`);
  }
}

/** A policy that always warns, and says which version of the namespace it sees. */
function markerPolicy(name: string): Manifest[] {
  const apiVersion = "admissionregistration.k8s.io/v1";
  const rule = { apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["configmaps"] };
  const seen = "'namespace ' + string(namespaceObject.metadata.resourceVersion)";
  return [
    {
      apiVersion,
      kind: "ValidatingAdmissionPolicy",
      metadata: { name },
      spec: {
        matchConstraints: { resourceRules: [rule], objectSelector: { matchLabels: { [MARKER]: name } } },
        validations: [{ expression: "false", message: "namespace unseen", messageExpression: seen }],
      },
    },
    {
      apiVersion,
      kind: "ValidatingAdmissionPolicyBinding",
      metadata: { name },
      spec: { policyName: name, validationActions: ["Warn"] },
    },
  ];
}

interface Names {
  plural: string;
  clusterScoped: boolean;
}

function namesOf(rules: readonly Rule[], group: string, kind: string): Names | undefined {
  if (Object.hasOwn(FOREIGN, `${group}/${kind}`)) return { plural: plural(kind), clusterScoped: false };
  for (const { match } of rules) {
    if (match.subject !== "object") continue;
    for (const resource of match.resources) {
      const index = resource.kinds.indexOf(kind);
      const grouped = resource.apiGroups.includes(group) || resource.apiGroups.includes("*");
      if (index < 0 || !grouped) continue;
      return { plural: pluralsOf(resource)[index] ?? "", clusterScoped: resource.clusterScoped };
    }
  }
  return undefined;
}

function definition(group: string, kind: string, { plural, clusterScoped }: Names, versions: string[]): Manifest {
  const schema = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: {
      name: `${plural}.${group}`,
      // Asked for where a group ends in k8s.io.
      annotations: { "api-approved.kubernetes.io": "unapproved, for a test" },
    },
    spec: {
      group,
      scope: clusterScoped ? "Cluster" : "Namespaced",
      names: { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List` },
      versions: versions.map((name, index) => ({ name, served: true, storage: index === 0, schema })),
    },
  };
}
