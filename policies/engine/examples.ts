import { Unknown } from "../cel/unknown";
import { type Document, flatten, identity } from "./document";
import { isAboutKind } from "./match";
import { FOREIGN } from "./pod-specs";
import type { Gate, Rule } from "./rule";
import { type Path, POD_SPEC_PATHS } from "./subject";

/** Turns the examples of a rule file into objects that any gate can be asked about. */

export interface Case {
  rule: string;
  title: string;
  verdict: "good" | "bad" | "undetermined";
  gates: readonly Gate[];
  documents: Document[];
  stack?: Record<string, unknown>;
  params: Record<string, unknown>;
  /** Paths are complete, also where the file gives them relative to a pod spec. */
  expect: { path?: string; message?: string }[];
}

type Example = Rule["examples"]["good"][number] &
  Partial<Pick<Rule["examples"]["undetermined"][number], "unknown" | "expect">>;

export function casesOf(rule: Rule): Case[] {
  return (["good", "bad", "undetermined"] as const).flatMap((verdict) =>
    rule.examples[verdict].flatMap((example: Example, index) => casesOfExample(rule, example, verdict, index === 0)),
  );
}

/** @param everywhere try a pod spec also in the kinds that are not Kubernetes' own: one example of each verdict will do */
function casesOfExample(rule: Rule, example: Example, verdict: Case["verdict"], everywhere: boolean): Case[] {
  const common = {
    rule: rule.id,
    verdict,
    gates: (example.gates ?? rule.gates).filter((gate) => rule.gates.includes(gate)),
    params: example.params ?? {},
    ...(example.stack && { stack: example.stack }),
  };
  const expect = example.expect ?? [];
  if (example.podSpec) {
    return places(everywhere).map(([key, path]) => {
      const object = withPodSpec(key, path, structuredClone(example.podSpec ?? {}));
      const prefix = path.join(".");
      for (const at of example.unknown ?? []) putUnknown(object, `${prefix}.${at}`);
      const full = expect.map((e) => ({ ...e, ...(e.path !== undefined && { path: `${prefix}.${e.path}` }) }));
      return { ...common, title: `${example.title} (${object.kind})`, documents: [{ object }], expect: full };
    });
  }
  const objects = structuredClone(example.objects ?? [example.object ?? {}]);
  for (const at of example.unknown ?? []) putUnknown(example.objects ? objects : (objects[0] ?? {}), at);
  if (rule.match.subject === "stack" && example.object) {
    return [{ ...common, title: example.title, documents: [], stack: objects[0] ?? {}, expect }];
  }
  return [{ ...common, title: example.title, documents: objects.map((object) => ({ object })), expect }];
}

/**
 * Whether the rule is asked about what the example shows, at some gate: a good example that it is not asked about
 * would pass whatever the rule says. That a namespace is the platform's own may be what the example shows, so
 * namespaces do not count.
 */
export function isAsked(rule: Rule, { documents, stack, gates }: Case): boolean {
  if (gates.length === 0) return false;
  if (rule.match.subject === "stack") return stack !== undefined;
  return documents.flatMap((document) => flatten(document)).some(({ object }) => isAboutKind(rule, identity(object)));
}

/** Kinds and where they keep their pod spec; one entry for each place that a kind may keep it in. */
function places(everywhere: boolean): [key: string, path: Path][] {
  const foreign = Object.entries(FOREIGN).flatMap(([key, texts]) =>
    texts.map((text): [string, Path] => [key, text.split(".")]),
  );
  return [...POD_SPEC_PATHS, ...(everywhere ? foreign : [])];
}

const NAMESPACE = "shop";

/** A whole object of the kind, as the API server would take it, around a pod spec. */
function withPodSpec(key: string, path: Path, podSpec: Record<string, unknown>): Record<string, unknown> {
  const [group = "", kind = ""] = key.split("/");
  const apiVersion = group === "" ? "v1" : `${group}/v1`;
  if (Object.hasOwn(FOREIGN, key)) {
    const holder = path.reduceRight<unknown>((inner, name) => ({ [name]: inner }), podSpec) as Record<string, unknown>;
    return { apiVersion, kind, metadata: { name: "example", namespace: NAMESPACE }, ...holder };
  }
  const labels = { app: "example" };
  const metadata = { name: "example", namespace: NAMESPACE };
  const restartPolicy = kind === "Job" || kind === "CronJob" ? { restartPolicy: "Never" } : {};
  const spec = { ...restartPolicy, ...podSpec };
  const template = { metadata: { labels }, spec };
  const selector = { matchLabels: labels };
  switch (kind) {
    case "Pod":
      return { apiVersion, kind, metadata: { ...metadata, labels }, spec };
    case "PodTemplate":
      return { apiVersion, kind, metadata, template };
    case "Job":
      return { apiVersion, kind, metadata, spec: { template } };
    case "CronJob":
      return { apiVersion, kind, metadata, spec: { schedule: "0 3 * * *", jobTemplate: { spec: { template } } } };
    case "ReplicationController":
      return { apiVersion, kind, metadata, spec: { selector: labels, template } };
    case "StatefulSet":
      return { apiVersion, kind, metadata, spec: { serviceName: "example", selector, template } };
    default:
      return { apiVersion, kind, metadata, spec: { selector, template } };
  }
}

/** Replaces the value at a path such as `containers[0].image`, or adds it. */
function putUnknown(target: object, path: string): void {
  const keys = path.split(/[.[\]]+/).filter((key) => key !== "");
  const last = keys.pop() ?? "";
  let here = target as Record<string, unknown>;
  for (const key of keys) {
    here[key] ??= {};
    here = here[key] as Record<string, unknown>;
  }
  here[last] = new Unknown();
}
