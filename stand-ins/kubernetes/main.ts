import type { Resource } from "../shared/provider";
import { serveProvider } from "../shared/provider-server";
import { Cluster } from "./cluster";
import { kubernetesResource, type Target } from "./resource";
import { checkSettings, diffSettings, readSettings } from "./settings";
import { readToken } from "./token";

let target: Target | undefined;
const resources = new Map<string, Resource>();

/** Connects only when something is asked of the cluster, so that a preview needs none. */
function configured(): Target {
  if (target === undefined) throw new Error("the provider has not been configured");
  return target;
}

function resource(type: string): Resource | undefined {
  const kind = readToken(type);
  if (kind === undefined) return undefined;
  const known = resources.get(type) ?? kubernetesResource(kind, configured);
  resources.set(type, known);
  return known;
}

void serveProvider({
  name: "kubernetes",
  version: "4.34.2",
  covers:
    "any single object by server-side apply (kubernetes:<group>/<version>:<Kind>, custom resources too), but no Helm, YAML or kustomize components, no …List and no …Patch types",
  resource,
  checkConfig: checkSettings,
  diffConfig: diffSettings,
  configure(config) {
    const settings = readSettings(config);
    let cluster: Cluster | undefined;
    target = {
      settings,
      get cluster() {
        cluster ??= new Cluster(settings);
        return cluster;
      },
    };
  },
});
