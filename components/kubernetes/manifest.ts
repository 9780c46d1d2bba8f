import * as pulumi from "@pulumi/pulumi";
import { loadAll } from "js-yaml";

interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string };
}

/** The objects of a YAML text. */
export function parse(yaml: string): object[] {
  return (loadAll(yaml) as (object | null)[]).filter((document): document is object => document !== null);
}

/**
 * Any Kubernetes object as the resource `<prefix>-<kind>-<name>`.
 *
 * The classes of @pulumi/kubernetes are one a kind, and its `CustomResource` writes the core group unlike them
 * (`v1` for `core/v1`), so that a policy would have to know two names for a Namespace.
 */
export class KubernetesObject extends pulumi.CustomResource {
  constructor(
    prefix: string,
    manifest: object,
    opts: pulumi.CustomResourceOptions & { provider: pulumi.ProviderResource },
  ) {
    const { apiVersion, kind, metadata } = manifest as Manifest;
    const group = apiVersion.includes("/") ? apiVersion : `core/${apiVersion}`;
    super(`kubernetes:${group}:${kind}`, `${prefix}-${kind.toLowerCase()}-${metadata.name}`, { ...manifest }, opts);
  }
}
