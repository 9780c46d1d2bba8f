/** What a type token stands for. */
export interface Kind {
  apiVersion: string;
  kind: string;
}

// Modules of the SDK whose resources are programs of their own inside the official plugin.
const programs = new Set(["helm.sh", "yaml", "kustomize"]);

/**
 * Reads `kubernetes:apps/v1:Deployment`, `kubernetes:core/v1:ConfigMap` or a custom resource's
 * `kubernetes:example.org/v1:Thing`. Undefined for what is no single object: Helm releases and
 * charts, YAML and kustomize components, and the SDK's `…List` and `…Patch` types.
 */
export function readToken(type: string): Kind | undefined {
  const [provider, module, kind] = type.split(":");
  if (provider !== "kubernetes" || module === undefined || kind === undefined || kind === "") return undefined;
  const [group, version] = module.includes("/") ? module.split("/") : ["core", module];
  if (group === undefined || version === undefined || !/^v\d/.test(version) || programs.has(group)) return undefined;
  const builtIn = !group.includes(".") || group.endsWith(".k8s.io");
  if (builtIn && /(List|Patch)$/.test(kind)) return undefined;
  return { apiVersion: group === "core" ? version : `${group}/${version}`, kind };
}
