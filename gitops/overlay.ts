import { posix } from "node:path";
import { ALLOWED, type ConfigRepoValues, EXAMPLE, type Forms, folderOf, INGRESS, renderFiles, without } from "./render";
import { type RepoFile, swap, templates } from "./templates";

const NAMESPACE = "{{path}}/production";
const FLAT = `${NAMESPACE}/${EXAMPLE}`;
const SERVICE = "{{service}}";
/** The namespace as every cluster has it. */
export const SHARED_NAMESPACE = "base/production/namespace";

const FORMS: Forms = {
  ...ALLOWED,
  up: /^(\.\.\/)+$/,
  /** Small letters first: Kubernetes asks that of a Service. */
  service: /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/,
  image: /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$/,
  tag: /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/,
};

export interface ClusterFiles {
  /** In the cluster's own folder. */
  own: RepoFile[];
  /** Below `base/`, for all clusters. */
  shared: RepoFile[];
}

/** A cluster's folder that shares the namespace with others. @throws Error for a value that is not of its form */
export function renderCluster(values: ConfigRepoValues): ClusterFiles {
  const flat = without(templates("config-repo"), `/${EXAMPLE}/`, EXAMPLE);
  const overlay = templates("config-overlay").filter(({ path }) => !path.includes(SERVICE));
  const fill = filler(values);
  return {
    own: fill([...flat.filter(({ path }) => path === "{{path}}/kustomization.yaml"), ...overlay]),
    shared: fill(flat.filter(({ path }) => path.startsWith(`${NAMESPACE}/`)).map(inBase)),
  };
}

export interface ServiceValues extends Pick<ConfigRepoValues, "cluster" | "path" | "registry" | "region" | "host"> {
  /** Its name in the cluster, and of its folder. */
  service: string;
  /** Its image in the registry, such as `team-a/shop`. */
  image: string;
  tag: string;
}

/** What `payment-service` has, for another service. @throws Error for a value that is not of its form */
export function renderService(values: ServiceValues, shares: boolean): ClusterFiles {
  const all = templates("config-repo").filter(({ path }) => path.startsWith(`${FLAT}/`));
  const files = (values.host === undefined ? without(all, INGRESS, INGRESS) : all).map(asService);
  const fill = filler(values);
  if (!shares) return { own: fill(files), shared: [] };
  const overlay = templates("config-overlay").filter(({ path }) => path.includes(SERVICE));
  const outside = ({ path }: RepoFile) => path.endsWith(`/${INGRESS}`);
  return {
    own: fill([
      ...(values.host === undefined ? without(overlay, `/${INGRESS}`, INGRESS) : overlay),
      ...files.filter(outside),
    ]),
    shared: fill(without(files, INGRESS, INGRESS).map(serviceInBase)),
  };
}

function filler(values: Pick<ConfigRepoValues, "cluster" | "path">) {
  const path = folderOf(values);
  const up = "../".repeat(posix.join(path, "production").split("/").length);
  return (files: RepoFile[]) => renderFiles(files, { ...values, path, up }, FORMS);
}

function inBase(file: RepoFile): RepoFile {
  const moved = { ...file, path: file.path.replace(NAMESPACE, SHARED_NAMESPACE) };
  if (!moved.path.endsWith("/namespace.yaml")) return moved;
  const unbound = swap(moved, '    topology.kubernetes.io/region: "{{region}}"\n', "");
  return swap(unbound, "the region named here", "the region that each cluster names");
}

function asService(file: RepoFile): RepoFile {
  const content = file.content
    .replace(`{{registry}}/${EXAMPLE}:{{tag}}`, "{{registry}}/{{image}}:{{tag}}")
    .replaceAll(EXAMPLE, SERVICE)
    .replace(/\bapp: payment$/gm, `app: ${SERVICE}`);
  return { ...file, path: file.path.replace(EXAMPLE, SERVICE), content };
}

/** The Deployment without what a cluster's own kustomization says: its image, and its region. */
function serviceInBase(file: RepoFile): RepoFile {
  const moved = { ...file, path: file.path.replace(NAMESPACE, "base/production") };
  if (!moved.path.endsWith("/deployment.yaml")) return moved;
  const unbound = swap(moved, REGION, "");
  return swap(unbound, "{{registry}}/{{image}}:{{tag}}", SERVICE);
}

const REGION = `      # Personal data stays in its region. The quotes matter: without them, NO is read as false.
      nodeSelector:
        topology.kubernetes.io/region: "{{region}}"
`;
