import type { Change } from "../shared/diff";
import { compare } from "../shared/diff";
import type { Checked, Difference } from "../shared/provider";
import { type Properties, reveal, unknown } from "../shared/value";
import type { Mutable } from "./immutable";
import { type Access, sameCluster } from "./kubeconfig";

/** The provider's configuration, as the official provider names it. */
export interface Settings {
  access: Access;
  /** For namespaced objects that name none. */
  namespace: string | undefined;
  /** Drop objects from the state when their cluster does not answer any more. */
  deleteUnreachable: boolean;
  /** Take fields from other managers, as the annotation `pulumi.com/patchForce` does for one object. */
  patchForce: boolean;
  /** Take over an object that exists already, instead of failing. */
  upsert: boolean;
  mutable: Mutable;
}

export function readSettings(config: Properties): Settings {
  return {
    access: readAccess(config),
    namespace: text(config, "namespace"),
    deleteUnreachable: flag(config, "deleteUnreachable") ?? process.env.PULUMI_K8S_DELETE_UNREACHABLE === "true",
    patchForce: flag(config, "enablePatchForce") ?? false,
    upsert: flag(config, "upsertExistingObjects") ?? false,
    mutable: {
      configMaps: flag(config, "enableConfigMapMutable") ?? false,
      secrets: flag(config, "enableSecretMutable") ?? false,
    },
  };
}

export function checkSettings(news: Properties): Checked {
  const failures = [];
  if (flag(news, "enableServerSideApply") === false) {
    const reason = "this stand-in always uses server-side apply; take `enableServerSideApply: false` away";
    failures.push({ property: "enableServerSideApply", reason });
  }
  if (text(news, "renderYamlToDirectory") !== undefined) {
    const reason = "this stand-in does not render YAML; take `renderYamlToDirectory` away";
    failures.push({ property: "renderYamlToDirectory", reason });
  }
  return { inputs: news, failures };
}

/**
 * Another cluster needs every object anew. The official provider's rules: with `clusterIdentifier`
 * only a change of that counts; without it, another address or authority in the kubeconfig, or
 * a kubeconfig that is not known yet.
 */
export function diffSettings(olds: Properties, news: Properties): Difference {
  const changes = compare(olds, news);
  const identified = text(olds, "clusterIdentifier") !== undefined && text(news, "clusterIdentifier") !== undefined;
  const where = ["kubeconfig", "context", "cluster"];
  const uncertain = where.some((key) => reveal(news[key] ?? null) === unknown);
  const moved = !identified && (uncertain || !sameCluster(readAccess(olds), readAccess(news)));
  return {
    changes,
    replaces: ({ path: [key] }: Change) =>
      key === "clusterIdentifier" ? identified : moved && where.includes(String(key)),
  };
}

function readAccess(config: Properties): Access {
  return { kubeconfig: text(config, "kubeconfig"), context: text(config, "context"), cluster: text(config, "cluster") };
}

function text(config: Properties, name: string): string | undefined {
  const value = reveal(config[name] ?? null);
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** The SDK sends true and false as text. */
function flag(config: Properties, name: string): boolean | undefined {
  const value = reveal(config[name] ?? null);
  if (value === true || value === "true") return true;
  return value === false || value === "false" ? false : undefined;
}
