import type { Document } from "../engine/document";
import type { Properties } from "./properties";

/** The root component, whose inputs are the parsed stack. */
export const PLATFORM = "grunnmur:platform:Platform";

const TYPE = /^kubernetes:(?:(core)|([^/:]+))\/([^/:]+):([A-Z][A-Za-z0-9]*)$/;

export interface KubernetesType {
  apiVersion: string;
  kind: string;
  /** The resource changes some fields of an object, and says nothing of the others. */
  patch: boolean;
}

/**
 * What a Pulumi type says of a Kubernetes object: `kubernetes:apps/v1:Deployment`, `kubernetes:core/v1:Pod`, and
 * `kubernetes:v1:…` as `CustomResource` writes the core group. Undefined for all that is no object of the API server.
 */
export function kubernetesType(type: string): KubernetesType | undefined {
  const found = TYPE.exec(type.replace(/^kubernetes:v1:/, "kubernetes:core/v1:"));
  if (!found) return undefined;
  const [, core, group = "", version = "", name = ""] = found;
  if (PROGRAMS.has(group)) return undefined;
  const patch = name.endsWith("Patch") && name !== "Patch";
  const kind = patch ? name.slice(0, -"Patch".length) : name;
  return { apiVersion: core ? version : `${group}/${version}`, kind, patch };
}

/** Things of the provider's own that end in objects. The objects are resources of their own, but for a Helm release's. */
const PROGRAMS = new Set(["yaml", "helm.sh", "kustomize", "apiextensions.k8s.io/pulumi"]);

/** Installs a chart inside the provider: what it renders is never shown to a policy. */
export const HELM_RELEASE = "kubernetes:helm.sh/v3:Release";

const documents = new WeakMap<object, Document>();

/** The object as the API server will get it; every policy of a pack that asks for a resource gets the same one. */
export function documentOf({ apiVersion, kind }: KubernetesType, urn: string, { values }: Properties): Document {
  let document = documents.get(values);
  if (document === undefined) {
    document = { object: { ...values, apiVersion, kind }, source: urn };
    documents.set(values, document);
  }
  return document;
}

/** The stack's name in a URN: `urn:pulumi:<stack>::<project>::<type>::<name>`. */
export const stackOfUrn = (urn: string): string => /^urn:pulumi:([^:]+)::/.exec(urn)?.[1] ?? "";
