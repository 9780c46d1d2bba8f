import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** What the scaffold of a configuration repository must know of the stack it is for. */
export interface ConfigRepoValues {
  /** Name of the stack. */
  cluster: string;
  /** Folder of the repository that the agent reads, with or without `./` in front. Absent: `clusters/<cluster>`. */
  path?: string;
  /** Name of the stack's registry, without scheme or path. */
  registry: string;
  /** Tag of payment-service's image: the 40 hex digits of the commit that it was built from. Absent: no example service. */
  tag?: string;
  /** A name at which payment-service answers from outside. Absent: it does not. */
  host?: string;
  /** Whom Secrets are encrypted for, `age1…`. Absent: nothing says it, and there is no `.sops.yaml`. */
  recipient?: string;
  /** Value of the nodes' label `topology.kubernetes.io/region`: the country of the stack's site, such as NO. */
  region: string;
  /** The stack's locality profile, by which merge requests are checked. */
  profile: string;
}

export interface RepoFile {
  /** Path inside the repository, with slashes. */
  path: string;
  content: string;
}

const ALLOWED: Record<keyof ConfigRepoValues, RegExp> = {
  cluster: /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/,
  path: /^(\.\/)?(?!\.)[A-Za-z0-9._-]+(\/(?!\.\.?(\/|$))[A-Za-z0-9._-]+)*$/,
  registry: /^[a-z0-9.-]+$/,
  tag: /^[0-9a-f]{40}$/,
  host: /^[a-z0-9.-]+$/,
  recipient: /^age1[a-z0-9]+$/,
  region: /^[A-Z]{2}$/,
  profile: /^[A-Za-z+]+$/,
};

const EXAMPLE = "payment-service";
const SOPS = ".sops.yaml";
const INGRESS = "ingress.yaml";

/** The files of a stack's first commit of configuration. @throws Error for a value that is not of its form */
export function renderConfigRepo(values: ConfigRepoValues): RepoFile[] {
  const path = (values.path ?? `clusters/${values.cluster}`).replace(/^\.\//, "");
  const secret = values.recipient === undefined ? templates().filter((one) => one.path !== SOPS) : templates();
  const all = values.host === undefined ? without(secret, `/${EXAMPLE}/${INGRESS}`, INGRESS) : secret;
  return renderFiles(values.tag === undefined ? without(all, `/${EXAMPLE}/`, EXAMPLE) : all, { ...values, path });
}

/** The scaffold without what an environment has no use for, such as the service whose image it has only where it was filled in. */
function without(files: RepoFile[], part: string, listed: string): RepoFile[] {
  return files
    .filter(({ path }) => !path.includes(part))
    .map((file) =>
      file.path.endsWith("/kustomization.yaml")
        ? { ...file, content: file.content.replace(`  - ${listed}\n`, "") }
        : file,
    );
}

/** Puts values in place of `{{name}}`, in paths and contents. @throws Error for an unknown name or a misformed value */
export function renderFiles(files: readonly RepoFile[], values: ConfigRepoValues): RepoFile[] {
  for (const [name, form] of Object.entries(ALLOWED)) {
    const value = values[name as keyof ConfigRepoValues];
    if (value !== undefined && !form.test(value))
      throw new Error(`${name}: received ${JSON.stringify(value)}, allowed is ${form.source}`);
  }
  return files.map(({ path, content }) => ({ path: fill(path, path, values), content: fill(content, path, values) }));
}

function fill(text: string, path: string, values: ConfigRepoValues): string {
  return text.replace(/\{\{(.*?)\}\}/g, (whole, name: string) => {
    const value = values[name as keyof ConfigRepoValues];
    if (Object.hasOwn(ALLOWED, name) && value !== undefined) return value;
    throw new Error(`${path}: unknown placeholder ${whole}, allowed are ${Object.keys(ALLOWED).join(", ")}`);
  });
}

function templates(): RepoFile[] {
  const root = join(projectRoot(__dirname), "gitops", "config-repo");
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort()
    .map((path) => ({ path, content: readFileSync(join(root, path), "utf8") }));
}

/** Compiled code lies in `dist/`, the scaffold does not: both are found from the folder that holds `Pulumi.yaml`. */
function projectRoot(folder: string): string {
  if (existsSync(join(folder, "Pulumi.yaml"))) return folder;
  if (dirname(folder) === folder) throw new Error(`no Pulumi.yaml above ${__dirname}: run from the project's checkout`);
  return projectRoot(dirname(folder));
}
