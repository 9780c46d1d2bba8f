import { existsSync } from "node:fs";
import { type Cluster, KubeConfig } from "@kubernetes/client-node";
import { equal, type Value } from "../shared/value";

/** What of the provider's configuration says which cluster is meant. */
export interface Access {
  /** Contents or path of a kubeconfig; absent for the one that kubectl would use. */
  kubeconfig: string | undefined;
  context: string | undefined;
  cluster: string | undefined;
}

/** Reads the kubeconfig. Errors never quote it. */
export function loadKubeconfig(access: Access): KubeConfig {
  const config = new KubeConfig();
  const { kubeconfig } = access;
  if (kubeconfig === undefined) config.loadFromDefault();
  else if (isPath(kubeconfig)) config.loadFromFile(expectFile(kubeconfig));
  else {
    try {
      config.loadFromString(kubeconfig);
    } catch {
      throw new Error("`kubeconfig` is neither the path of a file nor a kubeconfig's YAML or JSON");
    }
  }
  if (access.context !== undefined) {
    expectOneOf("context", access.context, config.getContexts());
    config.setCurrentContext(access.context);
  }
  const current = config.getContextObject(config.getCurrentContext());
  if (access.cluster !== undefined && current) {
    expectOneOf("cluster", access.cluster, config.getClusters());
    Object.assign(current, { cluster: access.cluster });
  }
  if (!config.getCurrentCluster()) {
    throw new Error(
      `the kubeconfig's current context "${config.getCurrentContext() ?? ""}" names no cluster; set \`context\`, or mend current-context`,
    );
  }
  return config;
}

/** Whether two accesses lead to the same cluster, as far as a kubeconfig can tell: same address, same authority. */
export function sameCluster(one: Access, other: Access): boolean {
  try {
    const clusters = [one, other].map((access) => loadKubeconfig(access).getCurrentCluster());
    return equal(identity(clusters[0]), identity(clusters[1]));
  } catch {
    // One of them cannot be read here and now, which says nothing about the cluster.
    return true;
  }
}

function identity(cluster: Cluster | null | undefined): Value {
  return [cluster?.server ?? null, cluster?.caData ?? null, cluster?.caFile ?? null];
}

function isPath(text: string): boolean {
  return !text.includes("\n") && !text.trimStart().startsWith("{") && (text.includes("/") || existsSync(text));
}

function expectFile(file: string): string {
  if (existsSync(file)) return file;
  throw new Error(`\`kubeconfig\` names a file that does not exist: ${file}`);
}

function expectOneOf(what: string, wanted: string, known: { name: string }[]): void {
  if (known.some(({ name }) => name === wanted)) return;
  const names = known.map(({ name }) => `"${name}"`).join(", ");
  throw new Error(`the kubeconfig has no ${what} "${wanted}"; it has ${names || "none"}`);
}
