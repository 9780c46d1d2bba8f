import { type RepoFile, templates } from "./templates";

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

/** What may stand in a template between double braces, and its form. */
export type Forms = Readonly<Record<string, RegExp>>;

export const ALLOWED = {
  cluster: /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/,
  path: /^(\.\/)?(?!\.)[A-Za-z0-9._-]+(\/(?!\.\.?(\/|$))[A-Za-z0-9._-]+)*$/,
  registry: /^[a-z0-9.-]+$/,
  tag: /^[0-9a-f]{40}$/,
  host: /^[a-z0-9.-]+$/,
  recipient: /^age1[a-z0-9]+$/,
  region: /^[A-Z]{2}$/,
  profile: /^[A-Za-z+]+$/,
} satisfies Record<keyof ConfigRepoValues, RegExp>;

export const EXAMPLE = "payment-service";
export const SOPS = ".sops.yaml";
export const INGRESS = "ingress.yaml";

/** The files of a stack's first commit of configuration. @throws Error for a value that is not of its form */
export function renderConfigRepo(values: ConfigRepoValues): RepoFile[] {
  const files = templates("config-repo");
  const secret = values.recipient === undefined ? files.filter(({ path }) => path !== SOPS) : files;
  const all = values.host === undefined ? without(secret, `/${EXAMPLE}/${INGRESS}`, INGRESS) : secret;
  return renderFiles(values.tag === undefined ? without(all, `/${EXAMPLE}/`, EXAMPLE) : all, {
    ...values,
    path: folderOf(values),
  });
}

/** The folder of the repository that the cluster's agent reads. */
export function folderOf({ cluster, path }: Pick<ConfigRepoValues, "cluster" | "path">): string {
  return (path ?? `clusters/${cluster}`).replace(/^\.\//, "");
}

/** The scaffold without what an environment has no use for, such as the service whose image it has only where it was filled in. */
export function without(files: RepoFile[], part: string, listed: string): RepoFile[] {
  return files
    .filter(({ path }) => !path.includes(part))
    .map((file) =>
      file.path.endsWith("/kustomization.yaml")
        ? { ...file, content: file.content.replace(`  - ${listed}\n`, "") }
        : file,
    );
}

/** What a Git host fills in itself, `${{ … }}`, is none. */
export const PLACEHOLDER = /(?<!\$)\{\{(.*?)\}\}/g;

/** Puts values in place of `{{name}}`, in paths and contents. @throws Error for an unknown name or a misformed value */
export function renderFiles(files: readonly RepoFile[], values: object, forms: Forms = ALLOWED): RepoFile[] {
  const given = new Map<string, string | undefined>(Object.entries(values));
  for (const [name, form] of Object.entries(forms)) {
    const value = given.get(name);
    if (value !== undefined && !form.test(value))
      throw new Error(`${name}: received ${JSON.stringify(value)}, allowed is ${form.source}`);
  }
  const fill = (text: string, path: string): string =>
    text.replace(PLACEHOLDER, (whole, name: string) => {
      const value = given.get(name);
      if (Object.hasOwn(forms, name) && value !== undefined) return value;
      throw new Error(`${path}: unknown placeholder ${whole}, allowed are ${Object.keys(forms).join(", ")}`);
    });
  return files.map(({ path, content, ...rest }) => ({
    path: fill(path, path),
    content: fill(content, path),
    ...rest,
  }));
}
